package kairos

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Requirement: A8
func TestTheMarkOfABegunInstallationIsWholeOrNotThere(t *testing.T) {
	disk := filepath.Join(t.TempDir(), "disk")
	require.NoError(t, os.WriteFile(disk, make([]byte, 2<<20), 0o600))
	has := func() bool {
		t.Helper()
		has, err := hasBegan(disk)
		require.NoError(t, err)
		return has
	}
	require.False(t, has())
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	require.NoError(t, writeBegan(disk, now))
	require.True(t, has())

	data, err := os.ReadFile(disk)
	require.NoError(t, err)
	block := data[beganOffset : beganOffset+beganBytes]
	b, ok := parseBegan(block)
	require.True(t, ok)
	require.Equal(t, now, b.Time)
	clear(data[beganOffset : beganOffset+beganBytes])
	require.Equal(t, make([]byte, 2<<20), data, "nothing else is written")
	require.Greater(t, beganOffset, 34*4096, "behind the partition table, on drives with sectors of 4 KiB too")
	require.Less(t, beganOffset+beganBytes, 1<<20, "before the first partition")

	for n := range beganMagic {
		_, ok := parseBegan(block[:n])
		require.False(t, ok)
	}
	require.NoError(t, clearBegan(disk))
	require.False(t, has())

	short := filepath.Join(t.TempDir(), "short")
	require.NoError(t, os.WriteFile(short, make([]byte, 4096), 0o600))
	has2, err := hasBegan(short)
	require.NoError(t, err)
	require.False(t, has2, "a drive that ends before it has none")
}

func FuzzParseBegan(f *testing.F) {
	f.Add([]byte(beganMagic + `{"schemaVersion":1,"time":"2026-11-22T10:00:00Z","version":"v1"}` + "\x00\x00"))
	f.Add([]byte(beganMagic))
	f.Add([]byte(beganMagic + `{"schemaVersion":-1}`))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, block []byte) {
		b, ok := parseBegan(block)
		require.Equal(t, ok, b.SchemaVersion > 0)
	})
}

func FuzzHeldBy(f *testing.F) {
	for _, line := range []string{"finished", "copied", "unreadable COS_OEM", "holds ", "holds .state/", "holds .state/home.bind", "holds a b"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		if text := heldBy(line); text == "" {
			require.NotContains(t, []string{"finished", "holds home", "holds .state/home.bind"}, line)
		}
	})
}
