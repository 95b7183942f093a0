package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/stylet-edge/stylet/internal/agent/localapi"
	"github.com/stylet-edge/stylet/internal/agent/settings"
	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/base/version"
	"github.com/stylet-edge/stylet/internal/console"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

const consoleHelp = `Show the state of this host on this terminal, and keep it up to date.

systemd does this on the screen (tty1) and on every serial line that is a console
of the kernel, in the live system and after the installation, in the place of the
login prompt. In the live system the screen says where the installer stands: the
verdict on the hardware, the phase, how much is written and how long it takes yet.
On an installed host it says what ` + "`stylet status`" + ` says. In both: the addresses, the
last error with what to do about it, and where the log is. It shows no secret and
changes nothing.

Below the screen the messages of the kernel, and on a serial line those of services
and of the installer, scroll as before. If they have spoiled it, any key paints it
anew. When the agent is away the screen says so and since when, and goes on by itself.

With COMMAND, Enter ends the screen and becomes that command: the login. Ctrl-C does
nothing. Without one, Enter, q or Ctrl-C leave. Into a pipe or a file the screen is
written once.

What the terminal can do is told by TERM: linux has colours and the characters of the
screen's font; vt100 to vt220 (serial lines) have bold and ASCII; dumb, or none, gets
the whole text again when it says something else. A terminal that says it has 0x0
characters is taken for 80x24.`

// liveMark is there in the live system alone (immucore makes it).
const liveMark = "/run/cos/live_mode"

func newConsoleCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "console [-- COMMAND [ARGUMENT]...]",
		Short:   "Show the state of this host on a terminal (systemd does this on tty1 and serial lines)",
		Long:    consoleHelp,
		Example: "  stylet console\n  stylet console | head -n 3\n  stylet console -- /sbin/agetty - linux",
		Args:    cobra.ArbitraryArgs,
		RunE:    func(cmd *cobra.Command, args []string) error { return showConsole(cmd.Context(), args) },
	}
}

func showConsole(ctx context.Context, login []string) error {
	s, err := settings.Load(os.Getenv)
	if err != nil {
		return err
	}
	c := console.Console{Login: len(login) > 0, Sources: console.Sources{
		Agent: localapi.NewClient(s.Socket()), LiveMark: liveMark, Version: version.Version,
		LiveInstall: filepath.Join(s.RuntimeDir, v1alpha1.InstallStatusFile),
		Installed:   filepath.Join(s.StateDir, v1alpha1.InstallLogDir, v1alpha1.InstallStatusFile),
	}}
	if !console.IsTerminal(os.Stdout) {
		return c.Print(ctx, os.Stdout)
	}
	t, err := console.OpenTerminal(os.Stdin, os.Stdout, os.Getenv("TERM"))
	if err != nil {
		return err
	}
	err = c.Run(ctx, t)
	if closed := t.Close(); closed != nil {
		return errors.Join(err, closed)
	}
	if errors.Is(err, console.ErrLogin) {
		return command.Become(login)
	}
	return err
}
