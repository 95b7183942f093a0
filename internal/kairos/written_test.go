package kairos

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWrittenIsTheSeventhColumn(t *testing.T) {
	n, err := parseWritten("     121        0     5328       11       10        3     2048       5        0       14       17\n")
	require.NoError(t, err)
	require.EqualValues(t, 1<<20, n)
	for _, bad := range []string{"", "1 2 3 4 5 6", "1 2 3 4 5 6 x", "1 2 3 4 5 6 -1"} {
		_, err := parseWritten(bad)
		require.Error(t, err, bad)
	}
}

func TestEachStepEndsWhereTheNextBegins(t *testing.T) {
	for step, share := range shares() {
		p := progressOf(step)
		require.InDelta(t, share, p.Done, 0)
		require.GreaterOrEqual(t, p.Until, p.Done)
		if share < 1 {
			require.Greater(t, p.Until, p.Done, step)
		}
	}
}

func FuzzWritten(f *testing.F) {
	f.Add("1 2 3 4 5 6 7")
	f.Fuzz(func(t *testing.T, stat string) {
		if n, err := parseWritten(stat); err == nil {
			require.GreaterOrEqual(t, n, int64(0))
		}
	})
}
