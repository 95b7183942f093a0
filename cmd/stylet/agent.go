package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/stylet-edge/stylet/internal/agent"
	"github.com/stylet-edge/stylet/internal/agent/settings"
	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/base/fault"
)

func agentHelp() string {
	return `Run the agent. systemd does this (stylet-agent.service); by hand it is for debugging.

Where settings come from, the strongest first: flags, environment (` + strings.Join(settings.Variables(), ", ") + `),
the user-data (logLevel only), the configuration file, defaults.

Keys of the configuration file ` + settings.File + ` (STYLET_CONFIG names another):
  stateDir     what must survive: journal, content, images  (/usr/local/.stylet)
  runtimeDir   what ends with the boot: socket              (/run/stylet)
  userDataDir  where user-data is looked for                (/oem)
  bootDir      where COS_STATE is mounted                   (/run/initramfs/cos-state)
  logLevel     debug, info, warn, error                     (info)`
}

func newAgentCommand() *cobra.Command {
	level := ""
	cmd := &cobra.Command{
		Use:     "agent",
		Short:   "Run the agent (systemd does this)",
		Long:    agentHelp(),
		Example: "  journalctl -fu stylet-agent\n  stylet agent --log-level debug",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := settings.Load(os.Getenv)
			if err != nil {
				return err
			}
			s = s.WithFlags(level)
			atomicLevel := zap.NewAtomicLevel()
			// Until the user-data is read, and for good if it names none.
			if err := atomicLevel.UnmarshalText([]byte(s.Level(""))); err != nil {
				return fault.Wrap(err, fault.Input, "settings.log-level", "use debug, info, warn or error", "the log level %q", s.Level(""))
			}
			program, err := os.Executable()
			if err != nil {
				return fmt.Errorf("finding the running binary: %w", err)
			}
			d := agent.Daemon{
				Settings: s, Level: atomicLevel, Log: agent.NewLogger(atomicLevel), Program: program,
				Units: command.Units{}, Local: command.Local{},
			}
			return d.Run(cmd.Context())
		},
	}
	cmd.Flags().StringVar(&level, "log-level", "", "debug, info, warn or error")
	return cmd
}
