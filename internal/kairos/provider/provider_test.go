package provider_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kairos-io/kairos-sdk/bus"
	"github.com/mudler/go-pluggable"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/kairos/provider"
)

// TestMain lets the test binary play the plugin: kairos-sdk's own manager starts it by a link.
func TestMain(m *testing.M) {
	if !provider.IsProviderCall(os.Args) {
		os.Exit(m.Run())
	}
	p := provider.Provider{Boot: func(_ context.Context, config string) error {
		if config == "fail" {
			return errors.New("the revision has no configuration")
		}
		return os.WriteFile(os.Getenv("STYLET_TEST_SEEN"), []byte(config), 0o600)
	}}
	_ = p.Serve(context.Background(), os.Args, os.Stdin, os.Stdout)
}

// Requirement: A7
func TestEventsAreThoseOfTheSDK(t *testing.T) {
	want := []string{"cluster.reset", string(bus.EventInstallPrompt)}
	for _, e := range bus.AllEvents {
		want = append(want, string(e))
	}
	assert.ElementsMatch(t, want, provider.Events())
}

func TestIsProviderCall(t *testing.T) {
	for _, test := range []struct {
		argv []string
		want bool
	}{
		{[]string{"/usr/bin/agent-provider-stylet", "agent.boot"}, true},
		{[]string{"agent-provider-stylet"}, true},
		{[]string{"stylet", "agent.boot"}, true},
		{[]string{"stylet", "cluster.reset"}, true},
		{[]string{"stylet", "init.provider.info"}, true},
		{[]string{"stylet"}, false},
		{[]string{"stylet", "agent"}, false},
		{[]string{"stylet", "agent.boot", "--help"}, false},
		{[]string{"stylet", "status"}, false},
		{nil, false},
	} {
		assert.Equal(t, test.want, provider.IsProviderCall(test.argv), "%q", test.argv)
	}
}

// answerTo serves one event and checks the form that every answer must have.
func answerTo(t *testing.T, p provider.Provider, name, stdin string) pluggable.EventResponse {
	t.Helper()
	var out bytes.Buffer
	_ = p.Serve(t.Context(), []string{"agent-provider-stylet", name}, strings.NewReader(stdin), &out)
	return parseAnswer(t, out.Bytes())
}

func parseAnswer(t *testing.T, data []byte) pluggable.EventResponse {
	t.Helper()
	var answer pluggable.EventResponse
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&answer), "%q", data)
	assert.False(t, decoder.More(), "exactly one JSON object: %q", data)
	return answer
}

func TestEveryEventIsAnsweredInForm(t *testing.T) {
	for _, name := range append(provider.Events(), "some.future.event") {
		answer := answerTo(t, provider.Provider{}, name, `{"name":"x","data":"{}","file":""}`)
		assert.Empty(t, answer.Error, name)
		switch name {
		case "init.provider.install":
			assert.Equal(t, bus.EventResponseNotApplicable, answer.State)
		case "init.provider.info":
			var info bus.ProviderInstalledVersionPayload
			require.NoError(t, answer.Unmarshal(&info))
			assert.Equal(t, "stylet", info.Provider)
		case "agent.interactive-install", "agent.available_releases":
			assert.Equal(t, "[]", answer.Data)
		default:
			assert.Empty(t, answer.Data, name)
		}
	}
}

func TestBrokenEventsAreAnsweredWithAnError(t *testing.T) {
	for name, stdin := range map[string]string{
		"nothing":       "",
		"no JSON":       "hello",
		"wrong type":    `{"data":7}`,
		"wrong payload": `{"data":"[]"}`,
		"missing file":  `{"file":"/nonexistent/event"}`,
	} {
		assert.NotEmpty(t, answerTo(t, provider.Provider{}, "agent.boot", stdin).Error, name)
	}
	var out bytes.Buffer
	require.Error(t, provider.Provider{}.Serve(t.Context(), []string{"agent-provider-stylet"}, strings.NewReader("{}"), &out))
	assert.NotEmpty(t, parseAnswer(t, out.Bytes()).Error)
}

func TestPanicBecomesAnAnswer(t *testing.T) {
	p := provider.Provider{Boot: func(context.Context, string) error {
		return []error{}[len("config")]
	}}
	assert.Contains(t, answerTo(t, p, "agent.boot", "{}").Error, "broke off")
}

func TestHangingHandlerIsAnsweredFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		p := provider.Provider{Boot: func(context.Context, string) error { <-release; return nil }}
		began := time.Now()
		answer := answerTo(t, p, "agent.boot", "{}")
		assert.Contains(t, answer.Error, "did not answer within 1m0s")
		assert.Equal(t, provider.Timeout, time.Since(began))
		close(release)
	})
}

// TestUnderTheSDKsOwnBus runs this binary as kairos-agent would.
//
// Requirement: A7, U3
func TestUnderTheSDKsOwnBus(t *testing.T) {
	self, err := os.Executable()
	require.NoError(t, err)
	plugin := filepath.Join(t.TempDir(), "agent-provider-stylet")
	require.NoError(t, os.Symlink(self, plugin))
	seen := filepath.Join(t.TempDir(), "seen")
	t.Setenv("STYLET_TEST_SEEN", seen)

	for name, config := range map[string]string{
		"by stdin": "stylet: {logLevel: debug}",
		"by file":  strings.Repeat("# a long comment\n", 2000) + "stylet: {}",
	} {
		t.Run(name, func(t *testing.T) {
			e, err := pluggable.NewEvent(bus.EventBoot, bus.EventPayload{Config: config})
			require.NoError(t, err)
			answer, err := pluggable.Plugin{Name: "stylet", Executable: plugin}.Run(*e)
			require.NoError(t, err)
			assert.False(t, answer.Errored(), answer.Error)
			got, err := os.ReadFile(seen)
			require.NoError(t, err)
			assert.Equal(t, config, string(got))
		})
	}
	e, err := pluggable.NewEvent(bus.EventBoot, bus.EventPayload{Config: "fail"})
	require.NoError(t, err)
	answer, err := pluggable.Plugin{Name: "stylet", Executable: plugin}.Run(*e)
	require.NoError(t, err)
	assert.Equal(t, "the revision has no configuration", answer.Error)
}

func FuzzServe(f *testing.F) {
	f.Add("agent.boot", `{"name":"agent.boot","data":"{\"config\":\"a: b\"}","file":""}`)
	f.Add("agent.boot", `{"data":"null"}`)
	f.Add("init.provider.install", `{}`)
	f.Add("", "\x00")
	f.Fuzz(func(t *testing.T, name, stdin string) {
		// Of what names a file of this machine (JSON ignores case), only an empty name is tried.
		if strings.Contains(strings.ToLower(stdin), `file"`) && !strings.Contains(stdin, `"file":""`) {
			return
		}
		answerTo(t, provider.Provider{Boot: func(context.Context, string) error { return nil }}, name, stdin)
	})
}
