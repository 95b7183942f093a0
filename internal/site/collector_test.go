package site

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/kairos-io/kairos-sdk/collector"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// collected is what kairos-sdk's collector makes of texts in files of one directory each, in order.
func collected(t *testing.T, texts ...string) (data map[string]any, err error) {
	t.Helper()
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v", cause)
		}
	}()
	options := &collector.Options{NoLogs: true}
	for _, text := range texts {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "user-data.yaml"), []byte("#cloud-config\n"+text), 0o600))
		options.ScanDir = append(options.ScanDir, dir)
	}
	config, err := collector.Scan(options, func(d []byte) ([]byte, error) { return d, nil })
	if err != nil {
		return nil, err
	}
	return asData(t, config.Values), nil
}

// ofDocument gives the data of the Document of a source for each text.
func ofDocument(t *testing.T, texts ...string) (map[string]any, error) {
	t.Helper()
	var sources []Source
	for i, text := range texts {
		sources = append(sources, sourceOf(fmt.Sprint("source", i), text))
	}
	read, err := Read(t.Context(), sources, nil)
	if err != nil {
		return nil, err
	}
	var data map[string]any
	require.NoError(t, yaml.Unmarshal(read.Document, &data))
	return asData(t, data), nil
}

func asData(t *testing.T, from any) (data map[string]any) {
	t.Helper()
	text, err := json.Marshal(from)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &data))
	return data
}

// Without a conflict both give the same data.
//
// Requirement: U3
func TestAsKairosCollectorMerges(t *testing.T) {
	t.Parallel()
	for name, texts := range map[string][]string{
		"one file":        {"hostname: a\nlist: [1, 1, 2]\nstages: {boot: [{name: x, commands: [a]}]}\nstylet: {logLevel: debug}\n"},
		"maps":            {"install: {auto: true, grub_options: {extra_cmdline: x}}\n", "install: {reboot: true, grub_options: {default_fallback: \"1\"}}\nk3s: {enabled: true}\n"},
		"a later scalar":  {"hostname: a\nmode: 0644\n", "hostname: b\nmode: 0600\n"},
		"scalar lists":    {"runcmd: [a, b, b]\n", "runcmd: [b, c, 1, c]\n", "runcmd: [\"1\", 0x1]\n"},
		"lists of maps":   {"bundles: [{targets: [a]}]\n", "bundles: [{targets: [b]}]\n"},
		"an empty list":   {"runcmd: []\n", "runcmd: [a, a]\n"},
		"a list of mixed": {"l: [a]\n", "l: [{a: 1}, a]\n"},
		"steps":           {"stages: {boot: [{name: x, commands: [a]}], network: [{name: x}]}\n", "stages: {boot: [{name: y, commands: [a]}], boot.after: [{name: x}]}\n"},
		"users":           {"users: [{name: a, groups: [admin]}]\n", "users: [{name: b, passwd: x}]\n"},
		"our block":       {"stylet: {install: {device: /dev/sda}, registries: [{host: a}]}\n", "stylet: {install: {device: /dev/sdb, after: poweroff}, registries: [{host: b}]}\n"},
		"titles":          {"name: one\n", "name: two\n"},
		"aliases":         {"base: &b {x: 1}\nover: {<<: *b, y: 2}\nl: [*b]\n", "over: {x: 2}\n"},
		"texts":           {"a: |\n  x\n   y\n\nb: >\n  folded\n  text\nc: 2030-01-01\nd: !!binary aGk=\ne: ~\nf: 1e3\ng: yes\n"},
		"nothing":         {"", "stylet:\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			theirs, err := collected(t, texts...)
			require.NoError(t, err)
			ours, err := ofDocument(t, texts...)
			require.NoError(t, err)
			if theirs["stylet"] == nil {
				delete(theirs, "stylet") // a block without a value says nothing
			}
			assert.Equal(t, theirs, ours)
		})
	}
}

// Where stylet does otherwise, on purpose: the collector keeps silent, loses something, or dies.
func TestWhereKairosCollectorIsNotFollowed(t *testing.T) {
	t.Parallel()
	const step = `{"name":"x","commands":["%s"]}`
	for name, c := range map[string]struct {
		texts  []string
		theirs string // data as JSON, or the error
		ours   string // data as JSON, or a part of the error
	}{
		"two steps of one name": {
			[]string{"stages: {boot: [{name: x, commands: [a]}]}\n", "stages: {boot: [{name: x, commands: [b]}]}\n"},
			`{"stages":{"boot":[` + fmt.Sprintf(step, "a") + `,` + fmt.Sprintf(step, "b") + `]}}`, `another step has the name "x"`,
		},
		"an equal step acts once": {
			[]string{"stages: {boot: [{name: x, commands: [a]}]}\n", "stages: {boot: [{name: x, commands: [a]}]}\n"},
			`{"stages":{"boot":[` + fmt.Sprintf(step, "a") + `,` + fmt.Sprintf(step, "a") + `]}}`, `{"stages":{"boot":[` + fmt.Sprintf(step, "a") + `]}}`,
		},
		"a step gets a name": {
			[]string{"stages: {boot: [{commands: [a]}]}\n"},
			`{"stages":{"boot":[{"commands":["a"]}]}}`, `{"stages":{"boot":[{"name":"a.yaml boot 1","commands":["a"]}]}}`,
		},
		"a user of two sources": {
			[]string{"users: [{name: a, passwd: x}]\n", "users: [{name: a, passwd: y}]\n"},
			`{"users":[{"name":"a","passwd":"x"},{"name":"a","passwd":"y"}]}`, `{"users":[{"name":"a","passwd":"y"}]}`,
		},
		"an equal item is one": {
			[]string{"bundles: [{targets: [a]}]\n", "bundles: [{targets: [a]}]\n"},
			`{"bundles":[{"targets":["a"]},{"targets":["a"]}]}`, `{"bundles":[{"targets":["a"]}]}`,
		},
		"a key without a value takes nothing away": {
			[]string{"hostname: a\nusers: [{name: a}]\ninstall: {auto: true}\n", "hostname:\nusers:\ninstall:\n"},
			`{"hostname":"","users":[],"install":{}}`, `{"hostname":"a","users":[{"name":"a"}],"install":{"auto":true}}`,
		},
		"lists of lists": {
			[]string{"l: [[a]]\n", "l: [[a], [b]]\n"},
			"panic: runtime error: comparing uncomparable type []interface {}", `{"l":[["a"],["b"]]}`,
		},
		"two kinds": {[]string{"l: [a]\n", "l: {a: 1}\n"}, "cannot merge []interface {} with collector.ConfigValues", "keys and values here, but a list at"},
		"a number where text was": {
			[]string{"hostname: a\n", "hostname: 1\n"}, "cannot merge string with int", `{"hostname":1}`,
		},
		"a repeated key": {[]string{"a: 1\na: 2\nb: 3\n"}, `{}`, "the key stands on line 2 already"},
		"not YAML":       {[]string{"a: [\n", "b: 1\n"}, `{"b":1}`, "not YAML"},
		"a dead config_url": {
			[]string{"config_url: http://127.0.0.1:1/x\nhostname: a\n"}, `{"config_url":"http://127.0.0.1:1/x","hostname":"a"}`, `{"config_url":"http://127.0.0.1:1/x","hostname":"a"}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check := func(want string, have map[string]any, err error) {
				if want[0] != '{' {
					require.Error(t, err)
					require.Contains(t, err.Error(), want)
					return
				}
				require.NoError(t, err)
				text, err := json.Marshal(have)
				require.NoError(t, err)
				require.JSONEq(t, want, string(text))
			}
			theirs, err := collected(t, c.texts...)
			check(c.theirs, theirs, err)
			ours, err := ofDocument(t, c.texts...)
			check(c.ours, ours, err)
		})
	}
}
