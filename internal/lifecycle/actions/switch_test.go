package actions

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/compose"
)

// The engine composes again only on this code: with any other, a host whose image was removed, and
// whose power was cut before the engine knew, would wait for it for ever.
//
// Requirement: A8
func TestAMissingImageIsComposedAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "composed.img")
	require.Equal(t, compose.CodeDamaged, fault.CodeOf(verify(t.Context(), path)), "neither image nor record")

	require.NoError(t, os.WriteFile(path, []byte("torn"), 0o600))
	require.Equal(t, compose.CodeDamaged, fault.CodeOf(verify(t.Context(), path)), "no record")
	require.NoFileExists(t, path)
}
