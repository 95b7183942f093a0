package kairos

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Both blocks get there as they were said, and nobody but root reads what may be a password.
//
// Requirement: U3
func TestUserDataIsDeliveredWholeAndForRootAlone(t *testing.T) {
	oem, file := t.TempDir(), filepath.Join(t.TempDir(), "site.yaml")
	text := "#cloud-config\nstylet: {logLevel: debug}\nstylus: {site: {edgeHostToken: hunter2}}\n"
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	require.NoError(t, deliverUserData(oem, []string{file}))
	delivered := filepath.Join(oem, "80_site.yaml")
	data, err := os.ReadFile(delivered)
	require.NoError(t, err)
	require.Equal(t, text, string(data))
	info, err := os.Stat(delivered)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestABlockThatKairosLostIsSeen(t *testing.T) {
	for name, kept := range map[string]string{
		"stylet": "#cloud-config\nstylus: {site: {name: a}}\n",
		"stylus": "#cloud-config\nstylet: {logLevel: debug}\n",
	} {
		oem := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(oem, "90_custom.yaml"), []byte(kept), 0o600))
		blocks, err := siteBlocks([]byte("#cloud-config\nstylet: {logLevel: debug}\nstylus: {site: {name: a}}\n"))
		require.NoError(t, err)
		require.Len(t, blocks, 2)
		require.False(t, delivered(oem, blocks), "%s was lost", name)
	}
}
