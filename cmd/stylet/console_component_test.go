//go:build component

package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/stylet-edge/stylet/internal/agent/localapi"
	"github.com/stylet-edge/stylet/internal/lifecycle"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// steady is an agent's engine that stands still.
type steady struct{ summary string }

func (a steady) Status() v1alpha1.HostStatus {
	return v1alpha1.HostStatus{Summary: a.summary, Fine: true}
}
func (steady) Plan() lifecycle.Plan              { return lifecycle.Plan{} }
func (steady) Events() ([]v1alpha1.Event, error) { return nil, nil }
func (steady) Retry(context.Context, string) ([]v1alpha1.RefusedRevision, error) {
	return nil, nil
}

// tmux is a terminal of its own for a command.
type tmux struct{ socket string }

func newTmux(t *testing.T, columns, rows string, env []string, argv ...string) tmux {
	t.Helper()
	x := tmux{socket: filepath.Join(t.TempDir(), "tmux")}
	args := []string{"-S", x.socket, "-f", "/dev/null", "new-session", "-d", "-x", columns, "-y", rows}
	for _, e := range env {
		args = append(args, "-e", e)
	}
	cmd := exec.Command("tmux", append(args, argv...)...)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	t.Cleanup(func() { _ = exec.Command("tmux", "-S", x.socket, "kill-server").Run() })
	return x
}

func (x tmux) screen() string {
	out, _ := exec.Command("tmux", "-S", x.socket, "capture-pane", "-p").Output() // nothing is not what is waited for
	return string(out)
}

func (x tmux) sees(t *testing.T, text string) {
	t.Helper()
	require.Eventually(t, func() bool { return strings.Contains(x.screen(), text) }, time.Minute, 50*time.Millisecond, "waiting for %q", text)
}

// The program itself, in a terminal of somebody else's making, over the real local API: it survives the end
// of the agent, becomes the login and is back after it, as its unit has it.
//
// Requirement: U4
func TestTheConsoleInATerminal(t *testing.T) {
	program := filepath.Join(t.TempDir(), "stylet")
	out, err := exec.Command("go", "build", "-tags", "nogit,nounpack", "-o", program, ".").CombinedOutput()
	require.NoError(t, err, "%s", out)
	dir := t.TempDir()
	socket := filepath.Join(dir, "api.sock")
	stop := serveAgent(t, socket, "FINE: runs store 1.0.0 (active), as wanted")
	x := newTmux(t, "80", "24", []string{"STYLET_RUNTIME_DIR=" + dir, "STYLET_STATE_DIR=" + dir, "TERM=screen"},
		"sh", "-c", "while :; do "+program+" console -- sh -c 'echo name?; read name; echo hello $name; read rest'; done")
	x.sees(t, "FINE: runs store 1.0.0")
	x.sees(t, "Press Enter to log in")
	stop()
	x.sees(t, "NO ANSWER: the agent is away since ")
	x.sees(t, "agent.not-running")
	stop = serveAgent(t, socket, "FINE: runs store 2.0.0 (active), as wanted")
	x.sees(t, "FINE: runs store 2.0.0")

	keys := func(keys ...string) {
		require.NoError(t, exec.Command("tmux", append([]string{"-S", x.socket, "send-keys"}, keys...)...).Run())
	}
	keys("C-c")
	keys("Enter")
	x.sees(t, "name?")
	require.NotContains(t, x.screen(), "FINE")
	keys("op", "Enter")
	x.sees(t, "hello op")
	keys("Enter")
	x.sees(t, "FINE: runs store 2.0.0")
	stop()
}

func serveAgent(t *testing.T, socket, summary string) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- localapi.NewServer(steady{summary}, zap.NewNop()).Serve(ctx, socket) }()
	return func() {
		cancel()
		require.NoError(t, <-ended)
		_ = os.Remove(socket) // as a restart does
	}
}
