package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/console"
	"github.com/stylet-edge/stylet/internal/kairos"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// loose is user-data with every kind of secret, each of its own text.
const loose = `#cloud-config
stylet:
  registries:
    - {host: r.example, username: store, password: rEg1stry-pass}
  site:
    edgeHostToken: t0ken-of-the-host
    users:
      - {name: op, passwd: us3r-pass}
    network:
      httpProxy: http://boss:pr0xy-word@proxy:3128
stages:
  initramfs:
    - users: {root: {passwd: k4iros-root}}
      files: [{path: /etc/app.conf, content: "dsn=d4tabase"}]
      commands: ["curl -H 'Authorization: b3arer-word' https://x"]
p2p: {network_token: p2p-t0ken}
`

func looseSecrets() []string {
	return []string{"rEg1stry-pass", "t0ken-of-the-host", "us3r-pass", "pr0xy-word", "k4iros-root", "d4tabase", "b3arer-word", "p2p-t0ken"}
}

// talkative stands for the programs of the live system: the journal has what the installer's unit said.
type talkative struct {
	said string
	ran  []string
}

func (r *talkative) Run(_ context.Context, spec command.Spec) (command.Result, error) {
	r.ran = append(r.ran, spec.Argv[0])
	if spec.Transcript == "" {
		return command.Result{}, nil
	}
	return command.Result{}, os.WriteFile(spec.Transcript, []byte(r.said), 0o600)
}

type installerSeen struct {
	installer Installer
	runner    *talkative
	said      []string
}

func newInstaller(t *testing.T) *installerSeen {
	t.Helper()
	file := filepath.Join(t.TempDir(), "user-data.yaml")
	require.NoError(t, os.WriteFile(file, []byte(loose), 0o600))
	seen := &installerSeen{runner: &talkative{said: "kernel: sda: I/O error\nstylet: " + loose}}
	seen.installer = Installer{
		Runner: seen.runner, UserData: []string{file}, RuntimeDir: filepath.Join(t.TempDir(), "run"),
		Say: func(format string, args ...any) { seen.said = append(seen.said, fmt.Sprintf(format, args...)) },
	}
	return seen
}

func (s *installerSeen) status(t *testing.T) v1alpha1.InstallStatus {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(s.installer.RuntimeDir, v1alpha1.InstallStatusFile))
	require.NoError(t, err)
	var status v1alpha1.InstallStatus
	require.NoError(t, json.Unmarshal(data, &status))
	return status
}

// When an installation fails, its logs are kept and the screen says where, and no secret of the user-data is
// in what is kept, said or shown: kairos-agent prints its whole configuration when it fails.
//
// Requirement: U4
func TestAFailedInstallationKeepsItsLogsAndNoSecret(t *testing.T) {
	seen := newInstaller(t)
	i := seen.installer
	r, err := i.newRecord()
	require.NoError(t, err)
	defer r.close()
	_, err = i.userData(t.Context(), r)
	require.NoError(t, err)
	require.NoError(t, i.keepProbe("FAIL  Memory\n", map[string]string{"verdict": "fail"}))
	require.NoError(t, os.WriteFile(filepath.Join(i.logDir(), kairosLog), []byte("config: "+loose+"\nmke2fs: no space left"), 0o600))
	failure := fault.Wrap(&command.ExitError{Program: "kairos-agent", Result: command.Result{ExitCode: 1, Tail: loose}},
		fault.Retry, "install.kairos-failed", "look at its log", "installing on /dev/sda")
	err = i.failed(t.Context(), r, failure, false)

	require.Equal(t, fault.Retry, fault.KindOf(err))
	require.Equal(t, "install.kairos-failed", fault.CodeOf(err))
	require.Equal(t, "look at its log", fault.RemedyOf(err))
	status := seen.status(t)
	require.Equal(t, v1alpha1.InstallFailed, status.Phase)
	require.Equal(t, "install.kairos-failed", status.Failure.Code)
	require.Equal(t, []string{i.logDir()}, status.Logs)
	state := console.State{Now: time.Now(), Live: true, Install: &status}
	everything := map[string]string{
		"error": fault.Text(err), "words": strings.Join(seen.said, "\n"),
		"screen": state.Screen().Frame(console.Size{Columns: 200, Rows: 100}, console.Linux).Text(),
	}
	require.Contains(t, everything["screen"], "install.kairos-failed: installing on /dev/sda")
	require.Contains(t, everything["screen"], "look at its log")
	require.Contains(t, everything["screen"], i.logDir())
	require.Contains(t, everything["words"], "logs: "+i.logDir())
	for name, holds := range map[string]string{journalLog: "I/O error", kairosLog: "no space left", probeTable: "Memory", probeFacts: "verdict"} {
		data, err := os.ReadFile(filepath.Join(i.logDir(), name))
		require.NoError(t, err)
		require.Contains(t, string(data), holds)
		everything[name] = string(data)
	}
	raw, err := os.ReadFile(filepath.Join(i.RuntimeDir, v1alpha1.InstallStatusFile))
	require.NoError(t, err)
	everything[v1alpha1.InstallStatusFile] = string(raw)
	for where, text := range everything {
		for _, secret := range looseSecrets() {
			require.NotContains(t, text, secret, where)
		}
	}
	require.False(t, slices.ContainsFunc(seen.runner.ran, func(name string) bool { return name == "mount" }),
		"a drive that was not touched is left alone")
}

// Bad user-data is told on the screen as anywhere else.
//
// Requirement: U4
func TestBadUserDataIsOnTheScreen(t *testing.T) {
	seen := newInstaller(t)
	require.NoError(t, os.WriteFile(seen.installer.UserData[0], []byte("#cloud-config\nstylet: {instal: {}}\n"), 0o600))
	err := seen.installer.Run(t.Context())
	require.Equal(t, "site.invalid", fault.CodeOf(err))
	status := seen.status(t)
	require.Equal(t, v1alpha1.InstallFailed, status.Phase)
	require.Contains(t, status.Failure.What, "instal")
	require.NotEmpty(t, status.Failure.Remedy)
	require.False(t, status.Begun.IsZero())
}

func TestARefusingPersonEndsIt(t *testing.T) {
	seen := newInstaller(t)
	r, err := seen.installer.newRecord()
	require.NoError(t, err)
	defer r.close()
	i := seen.installer
	i.Confirm = func(string) (bool, error) {
		require.Equal(t, v1alpha1.InstallAsking, seen.status(t).Phase)
		return false, nil
	}
	require.Equal(t, "install.not-confirmed", fault.CodeOf(i.confirm(r, "/dev/sda")))
	i.Confirm = func(string) (bool, error) { return false, errors.New("no keyboard") }
	require.ErrorContains(t, i.confirm(r, "/dev/sda"), "no keyboard")
}

// The share only grows, ends below the next step's, and the time left goes by what the steps took.
func TestEstimate(t *testing.T) {
	active := kairos.Progress{Step: "active", Done: 0.14, Until: 0.6}
	done, left := estimate(active, 14*time.Second, 0)
	require.InDelta(t, 0.14, done, 0.001)
	require.InDelta(t, 86, left.Seconds(), 0.5, "100 s in all")
	last := 0.0
	for s := range 500 {
		done, left = estimate(active, 14*time.Second, time.Duration(s)*time.Second)
		require.GreaterOrEqual(t, done, last)
		require.Less(t, done, 0.6)
		require.Positive(t, left)
		last = done
	}
	done, left = estimate(kairos.Progress{Step: "partition", Done: 0.02, Until: 0.12}, 0, 0)
	require.InDelta(t, 0.02, done, 0.001)
	require.InDelta(t, kairos.UsualInstall.Seconds(), left.Seconds(), 3, "too early to tell: the usual time")
	done, left = estimate(kairos.Progress{Step: "done", Done: 1, Until: 1}, time.Minute, time.Minute)
	require.InDelta(t, 1, done, 0)
	require.Zero(t, left)
}
