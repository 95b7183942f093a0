package process

import (
	"context"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOutputKeepsStandardOutputAndExplainsFailures(t *testing.T) {
	out, err := Output(t.Context(), "sh", "-c", "echo out; echo err >&2")
	require.NoError(t, err)
	require.Equal(t, "out\n", string(out))

	_, err = Output(t.Context(), "sh", "-c", "echo the reason >&2; exit 7")
	require.ErrorContains(t, err, "the reason")
	require.Equal(t, 7, ExitCode(err))
}

func TestKillEndsOnlyItsOwn(t *testing.T) {
	first, err := Start(Spec{Argv: []string{"sleep", "60"}})
	require.NoError(t, err)
	second, err := Start(Spec{Argv: []string{"sleep", "60"}})
	require.NoError(t, err)
	t.Cleanup(second.Kill)

	first.Kill()
	require.ErrorContains(t, first.Err(), "killed")
	require.NoError(t, syscall.Kill(second.Pid(), 0), "the other one still runs")
}

func TestCancelKills(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	ready := make(writes, 1)
	go func() {
		done <- Run(ctx, Spec{Argv: []string{"sh", "-c", "echo ready; exec sleep 60"}, Stdout: ready})
	}()
	require.Equal(t, "ready\n", <-ready)
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
}

type writes chan string

func (w writes) Write(p []byte) (int, error) { w <- strings.Clone(string(p)); return len(p), nil }
