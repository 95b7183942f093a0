//go:build component

package kill

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// shortCount is the number of random kills in each phase in `make component`; the whole number is
// that of `go run ./scripts/lab kill`.
const shortCount = 2

// Requirement: A8
func TestHostSurvivesRandomKills(t *testing.T) {
	require.NoError(t, Random(t.Context(), Config{Dir: t.TempDir(), Seed: 1, Count: shortCount, Say: os.Stdout}))
}

// Requirement: A8
func TestHostSurvivesAKillAtEveryKillPoint(t *testing.T) {
	require.NoError(t, Points(t.Context(), Config{Dir: t.TempDir(), Seed: 1, Say: os.Stdout}))
}

// Requirement: A7
func TestDeadlineBringsAHostBackWithoutItsAgent(t *testing.T) {
	require.NoError(t, Deadline(t.Context(), Config{Dir: t.TempDir(), Seed: 1, Say: os.Stdout}))
}

// Requirement: A3, A7, U3
func TestUserDataIsAppliedAndTakenBack(t *testing.T) {
	require.NoError(t, Apply(t.Context(), Config{Dir: t.TempDir(), Seed: 1, Say: os.Stdout}))
}
