//go:build component

package host

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/lab/phase"
	"github.com/stylet-edge/stylet/internal/lab/process"
)

// write changes the present disk of a host that is off.
func write(t *testing.T, h *Host, pattern string) {
	t.Helper()
	_, err := process.Output(t.Context(), "qemu-io", "-f", "qcow2", "-c", "write -P "+pattern+" 0 4096", h.disk)
	require.NoError(t, err)
}

// holds tells whether the disk has the pattern.
func holds(t *testing.T, h *Host, pattern string) bool {
	t.Helper()
	out, err := process.Output(t.Context(), "qemu-io", "-f", "qcow2", "-c", "read -P "+pattern+" 0 4096", h.disk)
	return err == nil && !strings.Contains(string(out), "Pattern verification failed")
}

func TestRestoreGoesBackAndForgetsWhatCameAfter(t *testing.T) {
	report := phase.NewReporter(io.Discard)
	t.Cleanup(report.Close)
	h, err := New(Config{Dir: t.TempDir(), Report: report})
	require.NoError(t, err)
	require.NoError(t, h.Blank(t.Context()))

	write(t, h, "1")
	require.NoError(t, h.Keep(t.Context(), "one", "inputs", map[string]string{"version": "v1"}))
	write(t, h, "2")
	require.NoError(t, h.Keep(t.Context(), "two", "inputs", map[string]string{"version": "v2"}))
	write(t, h, "3")

	facts := map[string]string{}
	require.NoError(t, h.Restore(t.Context(), "two", "inputs", &facts))
	require.Equal(t, "v2", facts["version"])
	require.True(t, holds(t, h, "2"))

	require.ErrorContains(t, h.Restore(t.Context(), "one", "others", &facts), "other inputs")
	require.NoError(t, h.Restore(t.Context(), "one", "", &facts))
	require.Equal(t, "v1", facts["version"])
	require.True(t, holds(t, h, "1"))
	require.ErrorContains(t, h.Restore(t.Context(), "two", "", &facts), "nothing was kept", "it stood on disks that are gone")

	left, err := filepath.Glob(filepath.Join(h.config.Dir, "state", "disk-*"))
	require.NoError(t, err)
	require.Len(t, left, 2)
	_, err = os.Stat(h.disk)
	require.NoError(t, err)
}
