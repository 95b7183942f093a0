package shell

import (
	"context"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/lab/process"
	"github.com/stylet-edge/stylet/internal/lab/qemu"
)

// terminal is a real bash behind a real terminal that asks for a name and a password first.
type terminal struct {
	*qemu.Console
	keys io.Writer
}

func (t terminal) Type(text string) error {
	_, err := io.WriteString(t.keys, text)
	return err
}

const getty = `while :; do
  printf 'lab login: '; read -r user; [ -n "$user" ] || continue
  printf 'Password: '; read -r password; echo
  printf 'Linux lab 6.1.0 #'; sleep 0.1; echo '1 SMP'
  [ "$user/$password" = root/stylet ] && exec bash --norc --noprofile -i
  echo 'Login incorrect'
done`

// newTerminal starts it; keys may put something between the keyboard and the terminal.
func newTerminal(t *testing.T, keys func(io.Writer) io.Writer) terminal {
	t.Helper()
	console := qemu.NewConsole(time.Now(), nil)
	in, out, err := os.Pipe()
	require.NoError(t, err)
	p, err := process.Start(process.Spec{
		Argv:   []string{"script", "-qfec", "bash --norc -c '" + strings.ReplaceAll(getty, "'", `'\''`) + "'", "/dev/null"},
		Stdin:  in,
		Stdout: console,
	})
	require.NoError(t, err)
	t.Cleanup(func() { p.Kill(); in.Close(); out.Close() })
	return terminal{Console: console, keys: keys(out)}
}

func start(t *testing.T, keys func(io.Writer) io.Writer) (*Shell, terminal) {
	t.Helper()
	term := newTerminal(t, keys)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	quick := timing{answer: time.Second, poll: 20 * time.Millisecond, tries: 8}
	s, err := login(ctx, term, Credentials{User: "root", Password: "stylet"}, t.TempDir(), quick)
	require.NoError(t, err, "console: %s", term.Since(0))
	return s, term
}

func direct(w io.Writer) io.Writer { return w }

func TestCommandsComeBackWithStatusAndWholeOutput(t *testing.T) {
	s, _ := start(t, direct)

	result, err := s.Run(t.Context(), "echo out; echo err >&2; exit 3")
	require.NoError(t, err)
	require.Equal(t, Result{ExitCode: 3, Output: "out\nerr\n"}, result)

	long := strings.Repeat("0123456789", 100)
	text, err := s.Output(t.Context(), "echo '"+long+"'; printf '\\0\\33[2J binary'")
	require.NoError(t, err)
	require.Equal(t, long+"\n\x00\x1b[2J binary", text)

	text, err = s.Output(t.Context(), "true")
	require.NoError(t, err)
	require.Empty(t, text)

	_, err = s.Output(t.Context(), "ls /there/is/no/such/folder")
	require.ErrorContains(t, err, "status 2")
}

func TestACommandReadsNothingFromTheConsole(t *testing.T) {
	s, _ := start(t, direct)
	text, err := s.Output(t.Context(), "cat; echo end of input")
	require.NoError(t, err)
	require.Equal(t, "end of input", text)
}

// An attempt that was given up while the guest was slow leaves a shell and no prompt for a login.
func TestAShellThatCameLateIsTaken(t *testing.T) {
	term := newTerminal(t, direct)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, step := range []struct{ shows, typed string }{{`login: `, "root\n"}, {`Password: `, "stylet\n"}, {`bash-[\d.]+[#$] `, ""}} {
		_, err := term.WaitFor(ctx, 0, regexp.MustCompile(step.shows))
		require.NoError(t, err)
		require.NoError(t, term.Type(step.typed))
	}
	quick := timing{answer: time.Second, poll: 20 * time.Millisecond, tries: 8}
	s, err := login(ctx, term, Credentials{User: "root", Password: "stylet"}, t.TempDir(), quick)
	require.NoError(t, err, "console: %s", term.Since(0))
	text, err := s.Output(ctx, "echo here")
	require.NoError(t, err)
	require.Equal(t, "here", text)
}

// dropping loses every n-th typed byte of a digit or letter, as a busy guest does.
type dropping struct {
	w    io.Writer
	n    int
	seen int
}

func (d *dropping) Write(p []byte) (int, error) {
	kept := make([]byte, 0, len(p))
	for _, b := range p {
		if d.seen++; d.seen%d.n == 0 && b > ' ' {
			continue
		}
		kept = append(kept, b)
	}
	if _, err := d.w.Write(kept); err != nil {
		return 0, err
	}
	return len(p), nil
}

func TestLostCharactersAreRepeated(t *testing.T) {
	s, term := start(t, direct)
	s.console = terminal{Console: term.Console, keys: &dropping{w: term.keys, n: 701}}
	file := t.TempDir() + "/runs"
	for range 5 {
		_, err := s.Output(t.Context(), "echo "+strings.Repeat("x", 300)+" >>"+file)
		require.NoError(t, err)
	}
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, strings.Repeat(strings.Repeat("x", 300)+"\n", 5), string(text), "each ran once, undamaged")
}

func TestMessagesOfOthersBetweenTheLinesDoNoHarm(t *testing.T) {
	s, term := start(t, direct)
	stop := make(chan struct{})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(3 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				_, _ = term.Write([]byte("[   12.345678] systemd[1]: Started something.\r\n"))
			case <-stop:
				return
			}
		}
	}()
	text, err := s.Output(t.Context(), "for i in $(seq 100); do echo line $i; done")
	close(stop)
	<-stopped
	require.NoError(t, err)
	require.Len(t, strings.Split(text, "\n"), 100)
}

func TestACommandThatDoesNotEndIsBoundedByTheContext(t *testing.T) {
	s, _ := start(t, direct)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := s.Run(ctx, "sleep 5")
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestAMachineThatGoesOffEndsTheWait(t *testing.T) {
	s, term := start(t, direct)
	time.AfterFunc(100*time.Millisecond, term.Close)
	_, err := s.Run(t.Context(), "sleep 20")
	require.ErrorIs(t, err, qemu.ErrConsoleClosed)
}

func FuzzAssemble(f *testing.F) {
	f.Add("@out a.1 0 aGVsbG8=\n@out a.1 1 \n", "1", "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")
	f.Add("@out a.1 0 aGV[ 1.0] noise\n", "2", "00")
	f.Add("", "-1", "")
	f.Fuzz(func(t *testing.T, text, lines, sum string) {
		output, err := assemble(text, "a.1", lines, sum)
		if err != nil {
			require.Empty(t, output)
		}
	})
}
