package site

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

func settingsOf(t *testing.T, text string) v1alpha1.Digest {
	t.Helper()
	digest, err := Settings([]byte("#cloud-config\n" + text))
	require.NoError(t, err)
	return digest
}

// Requirement: A3, U3
func TestSettingsTellWhatNeedsATrial(t *testing.T) {
	assert.Empty(t, settingsOf(t, "stylet: {assignment: {profile: r.example/a:b}, logLevel: debug}\ninstall: {device: /dev/sda}\n"))
	base := settingsOf(t, "stylet: {site: {hostName: a, network: {httpProxy: 'http://u:p@h:1'}}}\nstages: {boot: [{name: x}]}\n")
	require.NotEmpty(t, base)
	for name, same := range map[string]string{
		"order, form and the agent's keys": "stages:\n  boot:\n  - name: x\nstylet:\n  logLevel: warn\n  site:\n    tags: {a: b}\n    network:\n      httpProxy: http://u:p@h:1\n    hostName: a\n",
		"the other block":                  "stylus: {site: {hostName: a, network: {httpProxy: 'http://u:p@h:1'}}}\nstages: {boot: [{name: x}]}\n",
	} {
		assert.Equal(t, base, settingsOf(t, same), name)
	}
	for name, other := range map[string]string{
		"a password":    "stylet: {site: {hostName: a, network: {httpProxy: 'http://u:q@h:1'}}}\nstages: {boot: [{name: x}]}\n",
		"a host name":   "stylet: {site: {hostName: b, network: {httpProxy: 'http://u:p@h:1'}}}\nstages: {boot: [{name: x}]}\n",
		"a stage":       "stylet: {site: {hostName: a, network: {httpProxy: 'http://u:p@h:1'}}}\nstages: {boot: [{name: y}]}\n",
		"one key fewer": "stylet: {site: {hostName: a, network: {httpProxy: 'http://u:p@h:1'}}}\n",
	} {
		assert.NotEqual(t, base, settingsOf(t, other), name)
	}
	_, err := Settings([]byte("a: [\n"))
	require.Error(t, err)
	digest, err := Settings(nil)
	require.NoError(t, err)
	assert.Empty(t, digest)
}

func FuzzSettings(f *testing.F) {
	f.Add([]byte("stylet: {site: {hostName: a}}\n"))
	f.Add([]byte("{1: 2}: 3\n"))
	f.Add([]byte("a: {1: .nan}\n"))
	f.Fuzz(func(_ *testing.T, data []byte) { _, _ = Settings(data) })
}
