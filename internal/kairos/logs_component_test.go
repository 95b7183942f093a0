//go:build component

package kairos_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/kairos"
)

// The logs of an installation are on the drive: of a good one where the host has its state, of a bad one
// beside the user-data; and that keeps nobody from installing anew.
//
// Requirement: U4
func TestLogsAreKeptOnTheDrive(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	d := newDrive(t, kairos.LayoutFor(testImageSize).Total())
	logs := kairos.LogCopy{Runner: command.Local{}, WorkDir: d.spec.WorkDir, Files: map[string][]byte{"journal.log": []byte("said\n")}}
	place, err := logs.ToFailed(t.Context(), d.spec.Device)
	require.NoError(t, err)
	require.Empty(t, place, "a blank drive has no place")

	before, err := kairos.Written(d.spec.Device)
	require.NoError(t, err)
	d.agent(t, "no-passive")
	_, err = d.install(t)
	require.Error(t, err)
	place, err = logs.ToFailed(t.Context(), d.spec.Device)
	require.NoError(t, err)
	require.Contains(t, place, "COS_OEM")
	d.look(t, partOEM, func(dir string) {
		data, err := os.ReadFile(filepath.Join(dir, "stylet-install-logs", "journal.log"))
		require.NoError(t, err)
		require.Equal(t, "said\n", string(data))
	})

	d.agent(t, "")
	_, err = d.install(t)
	require.NoError(t, err, "the logs of the failure are not taken for somebody's data")
	require.NoError(t, logs.ToInstalled(t.Context(), d.spec.Device, "install"))
	d.look(t, partPersistent, func(dir string) {
		data, err := os.ReadFile(filepath.Join(dir, ".stylet", "install", "journal.log"))
		require.NoError(t, err)
		require.Equal(t, "said\n", string(data))
	})
	after, err := kairos.Written(d.spec.Device)
	require.NoError(t, err)
	require.Greater(t, after-before, int64(1<<20), "what was written is counted")
}
