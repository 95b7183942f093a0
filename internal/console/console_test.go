package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hinshun/vt10x"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// agentStub answers as it is told.
type agentStub struct {
	mu     sync.Mutex
	status v1alpha1.HostStatus
	err    error
}

func (a *agentStub) Status(context.Context) (v1alpha1.HostStatus, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.status, a.err
}

func (a *agentStub) says(summary string, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.status, a.err = v1alpha1.HostStatus{Summary: summary, Fine: true}, err
}

// person is at the other end of a real terminal of the kernel's.
type person struct {
	*os.File
	screen vt10x.Terminal
}

// newTerminal opens a pty of a size; the person sees 80x24, whatever it says.
func newTerminal(t *testing.T, size unix.Winsize, kind string) (person, *Terminal) {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	require.NoError(t, err)
	require.NoError(t, unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0))
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	require.NoError(t, err)
	require.NoError(t, unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &size))
	master := os.NewFile(uintptr(fd), "/dev/ptmx") // not blocking: closing it ends the reader too
	t.Cleanup(func() { master.Close() })
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { slave.Close() })
	p := person{File: master, screen: vt10x.New(vt10x.WithSize(80, 24))}
	go func() { _, _ = io.Copy(p.screen, master) }() // to the end of the pty
	terminal, err := OpenTerminal(slave, slave, kind)
	require.NoError(t, err)
	return p, terminal
}

func (p person) sees(t *testing.T, text string) {
	t.Helper()
	require.Eventually(t, func() bool { return strings.Contains(p.screen.String(), text) }, time.Minute, 20*time.Millisecond,
		"waiting for %q", text)
}

func sourcesOf(t *testing.T, agent Agent) Sources {
	t.Helper()
	dir := t.TempDir()
	return Sources{
		Agent: agent, Version: "v0.2.0", LiveMark: filepath.Join(dir, "live"),
		LiveInstall: filepath.Join(dir, "install.json"), Installed: filepath.Join(dir, "installed.json"),
	}
}

func run(t *testing.T, c Console, terminal *Terminal) (ended chan error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended = make(chan error, 1)
	done := make(chan struct{})
	go func() { defer close(done); ended <- c.Run(ctx, terminal) }()
	t.Cleanup(func() { cancel(); <-done })
	return ended
}

// A serial line that does not know its size, an agent that goes and comes back, and Enter.
//
// Requirement: U4
func TestASerialLineOfNoSize(t *testing.T) {
	agent := &agentStub{}
	agent.says("FINE: runs store 1.0.0 (active), as wanted", nil)
	p, terminal := newTerminal(t, unix.Winsize{}, "vt220")
	c := Console{Login: true, Sources: sourcesOf(t, agent)}
	ended := run(t, c, terminal)
	p.sees(t, "FINE: runs store 1.0.0")
	agent.says("", fault.New(fault.Wait, "agent.not-running", "look at its log", "the agent does not answer"))
	p.sees(t, "NO ANSWER: the agent is away since ")
	p.sees(t, "before      FINE: runs store 1.0.0")
	agent.says("FINE: runs store 2.0.0 (active), as wanted", nil)
	p.sees(t, "FINE: runs store 2.0.0")

	_, err := p.WriteString("\x03q ") // nothing that ends it; it is painted anew
	require.NoError(t, err)
	_, err = p.WriteString("\n")
	require.NoError(t, err)
	require.ErrorIs(t, <-ended, ErrLogin)
	require.Eventually(t, func() bool { return !strings.Contains(p.screen.String(), "stylet") }, time.Minute, 20*time.Millisecond,
		"the login gets an empty screen")
	require.NoError(t, terminal.Close())
	after, err := unix.IoctlGetTermios(int(terminal.in.Fd()), unix.TCGETS)
	require.NoError(t, err)
	require.Equal(t, terminal.before, after, "with its keyboard as it was")
}

// The live system shows where the installer stands, and every change of it.
//
// Requirement: U4
func TestTheLiveSystemFollowsTheInstaller(t *testing.T) {
	agent := &agentStub{}
	agent.says("", errors.New("there is no agent in the live system"))
	c := Console{Login: true, Sources: sourcesOf(t, agent)}
	require.NoError(t, os.WriteFile(c.Sources.LiveMark, nil, 0o600))
	p, terminal := newTerminal(t, unix.Winsize{Col: 80, Row: 24}, "linux")
	run(t, c, terminal)
	p.sees(t, "STARTING: the installer has not begun yet")
	for _, step := range []struct{ json, seen string }{
		{`{"phase":"probing"}`, "PROBING"},
		{`{"phase":"installing","done":0.5,"step":"active","written":812000000,"left":"1m"}`, "812 MB written, about 1 minute left"},
		{`{"phase":"failed","failure":{"what":"no room","code":"x.y","remedy":"make some"}}`, "x.y: no room"},
		{`{"phase":`, "console.install-unreadable"},
		{`{"phase":"done"}`, "INSTALLED"},
	} {
		require.NoError(t, os.WriteFile(c.Sources.LiveInstall, []byte(step.json), 0o600))
		p.sees(t, step.seen)
	}
}

// A terminal that cannot move its cursor gets text, and no sequence at all.
func TestADumbTerminalGetsText(t *testing.T) {
	agent := &agentStub{}
	agent.says("FINE: as wanted", nil)
	p, terminal := newTerminal(t, unix.Winsize{}, "dumb")
	c := Console{Sources: sourcesOf(t, agent)}
	ended := run(t, c, terminal)
	p.sees(t, "FINE: as wanted")
	_, err := p.WriteString("q")
	require.NoError(t, err)
	require.NoError(t, <-ended)
	p.sees(t, "FINE: as wanted") // it stays
}

// A line that hangs up ends the console: systemd starts it anew.
func TestAHangUpEndsIt(t *testing.T) {
	agent := &agentStub{}
	agent.says("FINE: as wanted", nil)
	p, terminal := newTerminal(t, unix.Winsize{}, "vt220")
	ended := run(t, Console{Login: true, Sources: sourcesOf(t, agent)}, terminal)
	p.sees(t, "FINE")
	require.NoError(t, p.Close())
	require.Error(t, <-ended)
}

func TestIntoAPipeItIsWrittenOnce(t *testing.T) {
	agent := &agentStub{}
	agent.says("FINE: as wanted", nil)
	r, w, err := os.Pipe()
	require.NoError(t, err)
	require.False(t, IsTerminal(w))
	require.NoError(t, Console{Sources: sourcesOf(t, agent)}.Print(t.Context(), w))
	require.NoError(t, w.Close())
	text, err := io.ReadAll(r)
	require.NoError(t, err)
	require.Contains(t, string(text), "FINE: as wanted")
	require.NotContains(t, string(text), "\x1b")
}

// What an installer wrote is read as it is or told to be unreadable, and shown without control characters.
func FuzzInstallStatus(f *testing.F) {
	f.Add(`{"phase":"installing","done":-1e308,"written":-5,"total":1,"left":"2562047h"}`)
	f.Add(`{"phase":"\u001b[2J","failure":{"what":"\u009b"}}`)
	f.Add(`[]`)
	f.Fuzz(func(t *testing.T, text string) {
		status, err := parseInstall([]byte(text))
		if err != nil {
			return
		}
		checkFrame(t, live(status))
	})
}

// Whatever answers on the socket, the screen has its form.
func FuzzHostStatus(f *testing.F) {
	f.Add("FINE: all", "why", "step", int64(1), int64(0), int64(5))
	f.Add("\x1b[H", "\xff\xfe", "\u202e", int64(-1), int64(-9), int64(-7))
	f.Fuzz(func(t *testing.T, summary, why, action string, done, total, seconds int64) {
		checkFrame(t, host(v1alpha1.HostStatus{
			Summary: summary, Why: why, Trial: &v1alpha1.TrialStatus{Deadline: time.Unix(seconds, 0)},
			Work: &v1alpha1.WorkStatus{Action: action, Done: done, Total: total, Since: time.Unix(seconds, 0), Problem: why},
		}))
	})
}

func checkFrame(t *testing.T, s State) {
	t.Helper()
	for _, size := range []Size{{80, 24}, {40, 12}, {3, 2}} {
		text := s.Screen().Frame(size, ASCII).Text()
		for _, c := range text {
			require.True(t, c == '\n' || c >= ' ' && c <= '~', "%q", c)
		}
		for line := range strings.Lines(text) {
			require.LessOrEqual(t, len(strings.TrimSuffix(line, "\n")), size.Columns)
		}
	}
}
