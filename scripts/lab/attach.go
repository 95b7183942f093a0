package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"github.com/stylet-edge/stylet/internal/lab/road"
)

// leave is Ctrl-], which terminals use to hang up.
const leave = 0x1d

// attach gives the machine to the person: the terminal becomes its serial console. Without a
// terminal the machine stays on until the program is interrupted.
func attach(ctx context.Context, out io.Writer, r *road.Road) error {
	if err := r.Host().Release(); err != nil {
		return err
	}
	boot := r.Host().Boot()
	if !isTerminal(os.Stdin) {
		fmt.Fprintln(out, "\nThe machine stays on until this program is interrupted.")
		select {
		case <-ctx.Done():
		case <-boot.Ended():
		}
		return nil
	}
	fmt.Fprintln(out, "\nThis terminal is the machine's serial console now. Press Enter, log in as root with the password stylet,")
	fmt.Fprintln(out, "and try: stylet status --watch. Ctrl-] switches the machine off.")
	restore, err := rawTerminal(os.Stdin)
	if err != nil {
		return err
	}
	defer restore()
	boot.Console.Mirror(out)
	defer boot.Console.Mirror(nil)
	left := make(chan error, 1)
	go func() { left <- typeKeys(os.Stdin, boot.Console.Type) }()
	select {
	case err := <-left:
		return err
	case <-boot.Ended():
	case <-ctx.Done():
	}
	return nil
}

// typeKeys passes keys on until Ctrl-] or the end of the input.
func typeKeys(keys io.Reader, press func(string) error) error {
	buffer := make([]byte, 64)
	for {
		n, err := keys.Read(buffer)
		for i, b := range buffer[:n] {
			if b == leave {
				return press(string(buffer[:i]))
			}
		}
		if pressed := press(string(buffer[:n])); pressed != nil {
			return pressed
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading the keyboard: %w", err)
		}
	}
}

// rawTerminal lets every key through, Ctrl-C too: it belongs to the guest.
func rawTerminal(f *os.File) (restore func(), err error) {
	fd := int(f.Fd())
	old, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return nil, fmt.Errorf("reading the terminal's settings: %w", err)
	}
	raw := *old
	raw.Iflag &^= unix.BRKINT | unix.ICRNL | unix.INPCK | unix.ISTRIP | unix.IXON
	raw.Lflag &^= unix.ECHO | unix.ICANON | unix.IEXTEN | unix.ISIG
	raw.Cc[unix.VMIN], raw.Cc[unix.VTIME] = 1, 0
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, &raw); err != nil {
		return nil, fmt.Errorf("setting the terminal: %w", err)
	}
	return func() { _ = unix.IoctlSetTermios(fd, unix.TCSETS, old) }, nil
}
