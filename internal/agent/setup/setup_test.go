package setup

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Requirement: U2
func TestInstallWritesBinaryUnitsAndLinks(t *testing.T) {
	root := t.TempDir()
	binary := filepath.Join(t.TempDir(), "stylet")
	require.NoError(t, os.WriteFile(binary, []byte("first"), 0o600))
	require.NoError(t, Install(root, binary))
	require.NoError(t, os.WriteFile(binary, []byte("second"), 0o600))
	require.NoError(t, Install(root, binary), "a second time, over what is there")

	data, err := os.ReadFile(filepath.Join(root, "usr/bin/stylet"))
	require.NoError(t, err)
	require.Equal(t, "second", string(data))
	info, err := os.Stat(filepath.Join(root, "usr/bin/agent-provider-stylet"))
	require.NoError(t, err)
	require.NotZero(t, info.Mode()&0o111, "the provider's name leads to a program")
	for unit, target := range wanted {
		link := filepath.Join(root, unitDir, target+".wants", unit)
		data, err := os.ReadFile(link)
		require.NoError(t, err, "enabled, and not dangling")
		require.Contains(t, string(data), "[Unit]")
	}
}

// A unit may only call verbs that the binary has; the list is short enough to hold here, and the
// command tree's own test holds the verbs.
func TestUnitsStartTheInstalledBinary(t *testing.T) {
	entries, err := units.ReadDir("units")
	require.NoError(t, err)
	for _, entry := range entries {
		data, err := units.ReadFile("units/" + entry.Name())
		require.NoError(t, err)
		for line := range strings.Lines(string(data)) {
			if command, ok := strings.CutPrefix(strings.TrimSpace(line), "ExecStart="); ok {
				require.True(t, strings.HasPrefix(command, "/usr/bin/stylet "), "%s: %s", entry.Name(), command)
			}
		}
	}
}

func TestInstallNamesWhatItCouldNotDo(t *testing.T) {
	err := Install(filepath.Join(t.TempDir(), "missing"), "/bin/true")
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "setting up stylet")
}
