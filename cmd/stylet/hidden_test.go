package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/base/fault"
)

// The agent sees the end of what a step printed: how it failed comes last, and fits.
//
// Requirement: A7
func TestAStepTellsLastHowItFailed(t *testing.T) {
	t.Setenv("STYLET_STATE_DIR", t.TempDir())
	var out bytes.Buffer
	step := newStepCommand()
	step.SetArgs([]string{"--plan", "none"})
	step.SetOut(&out)
	step.SetErr(&out)
	step.SilenceErrors, step.SilenceUsage = true, true
	err := step.ExecuteContext(t.Context())
	var said fault.Exit
	require.ErrorAs(t, err, &said, "nothing is printed after it")
	require.NotZero(t, int(said))
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	told := fault.FromOutput(lines[len(lines)-1])
	require.ErrorContains(t, told, "journal.json")
	require.Equal(t, int(said), fault.ExitCodeOf(told))
	require.Less(t, fault.MaxLine, command.TailBytes)
}
