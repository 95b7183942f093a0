package process

import (
	"context"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

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

func TestKillEndsChildrenToo(t *testing.T) {
	ready := make(writes, 1)
	p, err := Start(Spec{Argv: []string{"sh", "-c", "sleep 60 & echo $!; wait"}, Stdout: ready})
	require.NoError(t, err)
	child, err := strconv.Atoi(strings.TrimSpace(<-ready))
	require.NoError(t, err)
	p.Kill()
	require.Eventually(t, func() bool {
		state, err := os.ReadFile("/proc/" + strconv.Itoa(child) + "/stat")
		return err != nil || strings.Contains(string(state), ") Z ")
	}, 5*time.Second, 10*time.Millisecond)
}

type writes chan string

func (w writes) Write(p []byte) (int, error) { w <- strings.Clone(string(p)); return len(p), nil }
