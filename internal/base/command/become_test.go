package command

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/fault"
)

// A process that becomes another program is that program: its output, its status, under the same ID.
func TestBecome(t *testing.T) {
	if os.Getenv("STYLET_TEST_BECOME") != "" {
		require.NoError(t, Become([]string{"sh", "-c", "echo became $STYLET_TEST_BECOME as $$; exit 7"}))
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestBecome$")
	cmd.Env = append(os.Environ(), "STYLET_TEST_BECOME=sh")
	out, err := cmd.Output()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	require.Equal(t, 7, exit.ExitCode())
	require.Regexp(t, `^became sh as \d+\n$`, string(out))
	require.Equal(t, "command.not-started", fault.CodeOf(Become([]string{"no-such-program-of-stylet"})))
}
