package kairos

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/kairos-io/kairos-sdk/collector"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// The document gets there as it is, in the place of kairos-agent's own file, and nobody but root
// reads what may be a password.
//
// Requirement: U3
func TestUserDataIsDeliveredWholeAndForRootAlone(t *testing.T) {
	for _, document := range []string{"#cloud-config\nstylet: {logLevel: debug}\n", ""} {
		oem := t.TempDir()
		delivered := filepath.Join(oem, "90_custom.yaml")
		require.NoError(t, os.WriteFile(delivered, []byte("#cloud-config\ninstall: {auto: true}\n"), 0o640))
		require.NoError(t, deliver(oem, []byte(document), map[string][]byte{"stylet-host.json": []byte("{}")}))
		data, err := os.ReadFile(delivered)
		require.NoError(t, err)
		if document == "" {
			document = "#cloud-config\n{}\n"
		}
		require.Equal(t, document, string(data))
		info, err := os.Stat(delivered)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
		require.FileExists(t, filepath.Join(oem, "stylet-host.json"))
	}
}

// What kairos-agent makes of the configuration, by its own collector and with the device of the
// command line (kairos-agent v2.31.4, agent.ManualInstall).
func TestWhatKairosAgentIsTold(t *testing.T) {
	document := []byte(`#cloud-config
stylet: {registries: [{host: r, username: u, password: hunter2}]}
stylus: {site: {edgeHostToken: hunter2}}
config_url: http://u:hunter2@site.example/
users: [{name: a}]
install:
  device: auto
  source: oci:other
  no-format: true
  reboot: true
  partitions: {state: {size: 1, label: X}}
  grub_options: {extra_cmdline: quiet}
stages:
  before-install: [{name: x, commands: [a]}]
`)
	unused, err := UnusedInstallKeys(document)
	require.NoError(t, err)
	require.Equal(t, []string{"device", "source", "no-format", "reboot", "partitions"}, unused)
	config, err := encodeInstallConfig("/dev/vda", UEFI, LayoutFor(0), document)
	require.NoError(t, err)
	require.NotContains(t, string(config), "hunter2")
	o := &collector.Options{}
	require.NoError(t, o.Apply(collector.NoLogs, collector.Readers(bytes.NewReader(config), bytes.NewReader(nil), bytes.NewReader([]byte("install:\n  device: /dev/vda\n")))))
	merged, err := collector.Scan(o, func(d []byte) ([]byte, error) { return d, nil })
	require.NoError(t, err)
	text, err := json.Marshal(merged.Values)
	require.NoError(t, err)
	require.JSONEq(t, `{
		"users": [{"name": "a"}], "stages": {"before-install": [{"name": "x", "commands": ["a"]}]},
		"install": {
			"device": "/dev/vda", "firmware": "efi", "auto": false, "reboot": false, "poweroff": false, "nousers": true, "force": true,
			"grub_options": {"extra_cmdline": "quiet"},
			"partitions": {
				"efi": {"size": 512, "fs": "vfat"}, "oem": {"size": 256, "fs": "ext4"}, "recovery": {"size": 7000, "fs": "ext4"},
				"state": {"size": 25576, "fs": "ext4"}, "persistent": {"size": 0, "fs": "ext4"}
			}
		}
	}`, string(text))
}

func TestAnInstallationWithoutUserData(t *testing.T) {
	for _, document := range []string{"", "#cloud-config\n", "#cloud-config\n{}\n", "#cloud-config\ninstall:\n"} {
		config, err := encodeInstallConfig("/dev/vda", UEFI, LayoutFor(0), []byte(document))
		require.NoError(t, err)
		var data map[string]map[string]any
		require.NoError(t, yaml.Unmarshal(config, &data))
		require.Equal(t, "/dev/vda", data["install"]["device"])
		require.Len(t, data, 1)
	}
	_, err := UnusedInstallKeys([]byte("a: ["))
	require.ErrorContains(t, err, "reading the user-data")
}
