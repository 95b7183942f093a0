package agent

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/internal/lifecycle"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Requirement: A7
func TestOnlyTheVerdictOfThisBootIsAnnounced(t *testing.T) {
	dir := t.TempDir()
	state, err := durable.Open(dir)
	require.NoError(t, err)
	defer state.Close()
	log := filepath.Join(dir, "kmsg")
	require.NoError(t, os.WriteFile(log, nil, 0o600))
	said := func() string {
		t.Helper()
		data, err := os.ReadFile(log)
		require.NoError(t, err)
		return string(data)
	}
	require.NoError(t, announceVerdict(state, "boot-1", log), "no verdict at all")
	f := lifecycle.Failure{
		Revision: v1alpha1.DigestOf([]byte("r")), Code: lifecycle.CodeDeadline, BootID: "boot-1",
		Cause: "not committed within 15m0s of its boot",
	}
	require.NoError(t, state.WriteJSON(lifecycle.VerdictFile, f))
	require.NoError(t, announceVerdict(state, "boot-2", log), "another boot's")
	require.Empty(t, said())
	require.NoError(t, announceVerdict(state, "boot-1", log))
	require.Equal(t, "<27>"+f.Announcement()+"\n", said())
	require.ErrorContains(t, announceVerdict(state, "boot-1", filepath.Join(dir, "none")), "on the console")
}
