package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/stylet-edge/stylet/internal/agent"
	"github.com/stylet-edge/stylet/internal/agent/settings"
	"github.com/stylet-edge/stylet/internal/base/command"
)

const installHelp = `Install this machine from the live system that the ISO started.

The hardware is probed, the main drive chosen (or stylet.install.device taken),
partitioned with room for three images of stylet.install.maxImageSize, and the
installer's image written to it. What was written is verified. A drive that
holds an installation or data of one is not touched, unless stylet.install.force
says so; an installation that was cut off is begun anew.

The user-data is that of the boot medium, of a volume labelled cidata, of
/run/stylet/user-data and of what config_url leads to; a later one wins. All of
it is merged into the one user-data file of the installed host.

Where it stands is on the console (stylet console). Its logs are kept without the
secrets of the user-data: in /run/stylet/install of the live system; after a
success in /usr/local/.stylet/install of the host; after a failure on COS_OEM of
the drive, if that was made already; and always on a drive whose file system is
labelled STYLET-LOGS, if one is plugged in.

With --unattended the user-data decides everything and the machine restarts at
the end (stylet.install.after). Without it, the command shows what it would do
and asks for the drive's name before it writes.`

func newInstallCommand() *cobra.Command {
	var userData []string
	unattended := false
	cmd := &cobra.Command{
		Use:     "install [--unattended] [--user-data FILE]...",
		Short:   "Install this machine from the live system",
		Long:    installHelp,
		Example: "  stylet probe && stylet install\n  stylet install --unattended",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := settings.Load(os.Getenv)
			if err != nil {
				return err
			}
			view := &installView{out: cmd.OutOrStdout()}
			installer := agent.Installer{
				Runner: command.Local{}, UserData: userData, Say: view.say, RuntimeDir: s.RuntimeDir,
			}
			if !unattended {
				installer.Confirm = func(device string) (bool, error) { return confirm(cmd, device) }
			}
			return installer.Run(cmd.Context())
		},
	}
	cmd.Flags().BoolVar(&unattended, "unattended", false, "ask nothing: the user-data decides")
	cmd.Flags().StringArrayVar(&userData, "user-data", nil, "user-data `FILE` instead of that of this machine; repeatable")
	return cmd
}

func confirm(cmd *cobra.Command, device string) (bool, error) {
	out := cmd.OutOrStdout()
	if _, err := fmt.Fprintf(out, "All data on %s will be lost. Type its name to go on: ", device); err != nil {
		return false, err
	}
	var typed string
	if _, err := fmt.Fscanln(cmd.InOrStdin(), &typed); err != nil {
		return false, fmt.Errorf("reading the answer: %w", err)
	}
	return typed == device, nil
}

// installView prints what happens, with the time since the begin.
type installView struct {
	out   io.Writer
	begun time.Time
}

func (v *installView) say(format string, args ...any) {
	if v.begun.IsZero() {
		v.begun = time.Now()
	}
	_, _ = fmt.Fprintf(v.out, "stylet-install %4ds  %s\n", int(time.Since(v.begun).Seconds()), fmt.Sprintf(format, args...))
}
