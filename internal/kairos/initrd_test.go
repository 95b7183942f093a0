package kairos

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStateIsFoundBesideTheChrootOfTheBootStages(t *testing.T) {
	dir, root := t.TempDir(), t.TempDir()
	require.Equal(t, dir, stateDirAtBoot(dir, root), "nowhere: errors name the place that everyone knows")

	outside := filepath.Join(root, dir)
	require.NoError(t, os.MkdirAll(outside, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(outside, EnvFile), nil, 0o600))
	require.Equal(t, outside, stateDirAtBoot(dir, root))

	require.NoError(t, os.WriteFile(filepath.Join(dir, EnvFile), nil, 0o600))
	require.Equal(t, dir, stateDirAtBoot(dir, root))
}
