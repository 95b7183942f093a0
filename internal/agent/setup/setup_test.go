package setup

import (
	"io/fs"
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
	started := 0
	err := fs.WalkDir(units, "units", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := units.ReadFile(name)
		require.NoError(t, err)
		for line := range strings.Lines(string(data)) {
			command, ok := strings.CutPrefix(strings.TrimSpace(line), "ExecStart=")
			if !ok || command == "" {
				continue // a drop-in takes the unit's own away first
			}
			started++
			command = strings.TrimPrefix(command, "-")
			require.True(t, strings.HasPrefix(command, "/usr/bin/stylet "), "%s: %s", name, command)
		}
		return nil
	})
	require.NoError(t, err)
	require.Greater(t, started, 5, "too few for what is embedded")
}

// The console is on the screen and on each serial console, in the place of the login prompt, which it
// becomes; the other screens keep theirs, for the day when stylet itself does not start.
//
// Requirement: U4
func TestTheConsoleTakesThePlaceOfTheLoginPrompts(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, Install(root, "/bin/true"))
	for _, unit := range []string{"getty@tty1.service", "serial-getty@.service"} {
		data, err := os.ReadFile(filepath.Join(root, unitDir, unit+".d/10-stylet-console.conf"))
		require.NoError(t, err)
		require.Contains(t, string(data), "\nExecStart=\nExecStart=-/usr/bin/stylet console -- /sbin/agetty ")
		require.Contains(t, string(data), "Restart=always")
		require.Contains(t, string(data), "StartLimitIntervalSec=0", "it comes back, however often it ends")
	}
	require.NoFileExists(t, filepath.Join(root, unitDir, "getty@.service.d/10-stylet-console.conf"))
}

func TestInstallNamesWhatItCouldNotDo(t *testing.T) {
	err := Install(filepath.Join(t.TempDir(), "missing"), "/bin/true")
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "setting up stylet")
}
