package command_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/base/fault"
)

func sh(script string) command.Spec {
	return command.Spec{Name: "test", Argv: []string{"sh", "-c", script}}
}

func TestLocalKeepsTranscriptTailAndLines(t *testing.T) {
	spec := sh("echo one; echo two >&2; printf three; exit 7")
	spec.Transcript = filepath.Join(t.TempDir(), "new", "transcript")
	var lines []string
	spec.OnLine = func(line string) { lines = append(lines, line) }

	result, err := command.Local{}.Run(t.Context(), spec)

	var exit *command.ExitError
	require.ErrorAs(t, err, &exit)
	assert.Equal(t, 7, result.ExitCode)
	assert.Equal(t, result, exit.Result)
	assert.Equal(t, []string{"one", "three"}, lines, "stdout only, the last line without newline too")
	for _, word := range []string{"one", "two", "three"} {
		assert.Contains(t, result.Tail, word)
		assert.Contains(t, readFile(t, spec.Transcript), word)
	}
	info, err := os.Stat(spec.Transcript)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestLocalTailIsBounded(t *testing.T) {
	result, err := command.Local{}.Run(t.Context(), sh("yes 0123456789 | head -n 5000; echo end"))
	require.NoError(t, err)
	assert.LessOrEqual(t, len(result.Tail), command.TailBytes)
	assert.True(t, strings.HasSuffix(result.Tail, "end"))
}

func TestLocalEnvironmentIsMinimal(t *testing.T) {
	t.Setenv("STYLET_TEST_LEAK", "leaked")
	spec := sh("env")
	spec.Env = []string{"WANTED=yes"}
	result, err := command.Local{}.Run(t.Context(), spec)
	require.NoError(t, err)
	assert.Contains(t, result.Tail, "WANTED=yes")
	assert.Contains(t, result.Tail, "LANG=C.UTF-8")
	assert.NotContains(t, result.Tail, "leaked")
}

func TestLocalTimeoutKillsTheWholeGroup(t *testing.T) {
	pidFile := filepath.Join(t.TempDir(), "pid")
	spec := sh("sleep 300 & echo $! > " + pidFile + "; wait")
	spec.Timeout = 300 * time.Millisecond

	result, err := command.Local{}.Run(t.Context(), spec)

	require.Error(t, err)
	assert.Equal(t, "command.timeout", fault.CodeOf(err))
	assert.Equal(t, fault.Retry, fault.KindOf(err))
	assert.Equal(t, 128+int(syscall.SIGKILL), result.ExitCode)
	pid, err := strconv.Atoi(strings.TrimSpace(readFile(t, pidFile)))
	require.NoError(t, err)
	assert.Eventually(t, func() bool { return gone(pid) }, 5*time.Second, 10*time.Millisecond)
}

func TestLocalCancelIsNotATimeout(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	spec := sh("echo ready; sleep 300")
	shutdown := errors.New("shutting down")
	spec.OnLine = func(string) { cancel(shutdown) }
	_, err := command.Local{}.Run(ctx, spec)
	require.ErrorIs(t, err, shutdown)
	var exit *command.ExitError
	require.ErrorAs(t, err, &exit)
}

func TestLocalLeftOverGrandchildDoesNotHold(t *testing.T) {
	began := time.Now()
	result, err := command.Local{}.Run(t.Context(), sh("setsid sleep 20 & echo started"))
	require.NoError(t, err)
	assert.Equal(t, "started", result.Tail)
	assert.Less(t, time.Since(began), 10*time.Second)
}

func TestLocalRefusesAndReports(t *testing.T) {
	for name, test := range map[string]struct {
		spec command.Spec
		code string
	}{
		"no program":  {command.Spec{Name: "a"}, "command.spec"},
		"bad name":    {command.Spec{Name: "a b", Argv: []string{"true"}}, "command.spec"},
		"not found":   {command.Spec{Name: "a", Argv: []string{"/nonexistent/program"}}, "command.not-started"},
		"not allowed": {command.Spec{Name: "a", Argv: []string{"/dev/null"}}, "command.not-started"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := command.Local{}.Run(t.Context(), test.spec)
			assert.Equal(t, test.code, fault.CodeOf(err))
		})
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(data)
}

// gone is true when no such process runs; one that waits to be reaped does not run.
func gone(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || strings.Contains(string(stat), ") Z ")
}
