package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Terminal is a real one: the screen, a serial line, a window.
type Terminal struct {
	in, out *os.File
	name    string // tty1
	kind    string // $TERM
	before  *unix.Termios
}

// IsTerminal tells a terminal from a pipe or a file.
func IsTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// OpenTerminal takes the terminal that in and out are; kind is its $TERM.
func OpenTerminal(in, out *os.File, kind string) (*Terminal, error) {
	before, err := unix.IoctlGetTermios(int(in.Fd()), unix.TCGETS)
	if err != nil {
		return nil, fmt.Errorf("reading the settings of the terminal's keyboard: %w", err)
	}
	path, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", out.Fd()))
	if err != nil {
		return nil, fmt.Errorf("asking for the terminal's name: %w", err)
	}
	t := &Terminal{in: in, out: out, name: filepath.Base(path), kind: kind, before: before}
	err = t.setKeys()
	return t, err
}

// setKeys lets each key through at once and unseen, Ctrl-C too. Output stays as it is: the lines of others
// need their carriage returns.
func (t *Terminal) setKeys() error {
	raw := *t.before
	raw.Lflag &^= unix.ECHO | unix.ICANON | unix.ISIG | unix.IEXTEN
	raw.Cc[unix.VMIN], raw.Cc[unix.VTIME] = 1, 0
	if err := unix.IoctlSetTermios(int(t.in.Fd()), unix.TCSETS, &raw); err != nil {
		return fmt.Errorf("setting the terminal %s: %w", t.name, err)
	}
	return nil
}

// Close gives the keyboard its settings back.
func (t *Terminal) Close() error {
	if err := unix.IoctlSetTermios(int(t.in.Fd()), unix.TCSETS, t.before); err != nil {
		return fmt.Errorf("setting the terminal %s back: %w", t.name, err)
	}
	return nil
}

// size is asked for again before each frame: windows change theirs.
func (t *Terminal) size() Size {
	size, err := unix.IoctlGetWinsize(int(t.out.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return Size{}.orUsual()
	}
	return Size{Columns: int(size.Col), Rows: int(size.Row)}.orUsual()
}

// abilities are those of the kind of terminal. A serial line is said to be a vt220 whatever is at its
// other end: without colours, and with the characters that all have.
func abilities(kind string) (Charset, Palette) {
	switch {
	case kind == "linux":
		return Linux, Colours8
	case kind == "" || kind == "dumb":
		return ASCII, NoStyle
	case strings.HasPrefix(kind, "vt"):
		return ASCII, Mono
	}
	return ASCII, Colours8
}

// dumb terminals cannot move their cursor.
func (t *Terminal) dumb() bool { return t.kind == "" || t.kind == "dumb" }

// keyWait bounds how long the end of a context is not noticed.
const keyWait = 200 * time.Millisecond

// keys sends what is typed until ctx ends or the terminal hangs up.
func (t *Terminal) keys(ctx context.Context, typed chan<- []byte) error {
	poll := []unix.PollFd{{Fd: int32(t.in.Fd()), Events: unix.POLLIN}}
	for ctx.Err() == nil {
		n, err := unix.Poll(poll, int(keyWait.Milliseconds()))
		if errors.Is(err, unix.EINTR) || n == 0 {
			continue
		}
		if err != nil {
			return fmt.Errorf("waiting for a key: %w", err)
		}
		buffer := make([]byte, 64)
		n, err = unix.Read(int(t.in.Fd()), buffer)
		if err == nil && n == 0 {
			err = io.EOF // it hung up
		}
		if err != nil {
			return fmt.Errorf("reading a key: %w", err)
		}
		select {
		case typed <- buffer[:n]:
		case <-ctx.Done():
		}
	}
	return nil
}
