//go:build killpoints

package killpoint

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTakeIsForOneArrivalOfOneProcess(t *testing.T) {
	const plan = "stylet-agent durable.write 2\nstylet-step-compose durable.write 2\nstylet-agent durable.write 2\n"
	for name, c := range map[string]struct {
		process, point string
		n              int
		found          bool
	}{
		"meant":          {"stylet-agent", "durable.write", 2, true},
		"other arrival":  {"stylet-agent", "durable.write", 1, false},
		"other point":    {"stylet-agent", "durable.rename", 2, false},
		"other process":  {"stylet-step-switch-1", "durable.write", 2, false},
		"unit by prefix": {"stylet-step-compose-ab12-1-0", "durable.write", 2, true},
	} {
		t.Run(name, func(t *testing.T) {
			rest, found := take(plan, c.process, c.point, c.n)
			require.Equal(t, c.found, found)
			if !found {
				require.Equal(t, plan, rest)
				return
			}
			require.Less(t, len(rest), len(plan))
			require.Contains(t, rest, "stylet-agent durable.write 2\n", "another line for it is left")
		})
	}
}

func TestPlannedKillsOnce(t *testing.T) {
	plan := filepath.Join(t.TempDir(), "plan")
	require.NoError(t, os.WriteFile(plan, []byte(process()+" some.point 3\n"), 0o600))
	t.Setenv(planVariable, plan)
	require.False(t, planned("some.point", 2))
	require.True(t, planned("some.point", 3))
	require.False(t, planned("some.point", 3), "the line is used up")
}
