package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/network/diagnose"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

func TestNetworkTargets(t *testing.T) {
	s := v1alpha1.Site{
		Assignment: v1alpha1.Assignment{Profile: "docker.io/site/store:1"},
		Registries: []v1alpha1.Registry{{Host: "mirror.example"}, {Host: "docker.io"}, {Host: "local.example:5000"}},
	}
	s.ExternalRegistries.MappingRules = map[string]string{"docker.io": "mirror.example/hub"}
	targets, err := networkTargets(s, "https://files.example/site.yaml?key=secret", []string{"ntp.example:4460"})
	require.NoError(t, err)
	var shown []string
	for _, target := range targets {
		shown = append(shown, target.Name+" ("+target.Why+")")
	}
	assert.Equal(t, []string{
		"mirror.example/hub/site/store:1 (assignment.profile)", "docker.io (registries)", "local.example:5000 (registries)",
		"https://files.example/site.yaml (config_url)", "ntp.example:4460 (argument)",
	}, shown)
	_, err = networkTargets(v1alpha1.Site{}, "", []string{"not a host"})
	require.Error(t, err)
}

func TestConfigURLOfTheUserData(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "90_custom.yaml")
	require.NoError(t, os.WriteFile(path, []byte("#cloud-config\nconfig_url: https://files.example/site.yaml\n"), 0o600))
	assert.Equal(t, "https://files.example/site.yaml", configURL([]string{path}, "/"))
	assert.Equal(t, "https://files.example/site.yaml", configURL([]string{dir}, "/"))
	root := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(root, "oem"), 0o755))
	require.NoError(t, os.Rename(path, filepath.Join(root, "oem", "90_custom.yaml")))
	assert.Equal(t, "https://files.example/site.yaml", configURL(nil, root))
	assert.Empty(t, configURL(nil, dir))
}

// The user-data's proxy wins over the environment's, for both schemes.
func TestNetworkSettings(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://environment.example:3128")
	t.Setenv("NO_PROXY", ".example.org")
	assert.Equal(t, "http://environment.example:3128", networkSettings(v1alpha1.Site{}).HTTPSProxy.Reveal())
	var s v1alpha1.Site
	s.Site.Network = v1alpha1.Network{
		HTTPProxy: "http://site.example:3128", Nameserver: v1alpha1.TextList{"192.0.2.53"},
		Interfaces: map[string]v1alpha1.Interface{"eth0": {Nameserver: v1alpha1.TextList{"192.0.2.54"}}},
	}
	got := networkSettings(s)
	assert.Equal(t, "http://site.example:3128", got.HTTPProxy.Reveal())
	assert.Empty(t, got.HTTPSProxy)
	assert.Empty(t, got.NoProxy)
	assert.Equal(t, []string{"192.0.2.53", "192.0.2.54"}, got.NameServers)
}

func TestExitOfCheckNetwork(t *testing.T) {
	require.NoError(t, networkExit(diagnose.Pass))
	require.EqualError(t, networkExit(diagnose.Fail), "exit")
	assert.NotEqual(t, networkExit(diagnose.Warn), networkExit(diagnose.Fail))
	for _, hop := range []string{"link", "address", "route", "dns", "connect", "proxy", "tls", "clock", "registry", "range"} {
		assert.Contains(t, checkNetworkHelp, "\n  "+hop+" ")
	}
}
