package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/stylet-edge/stylet/internal/lab/kill"
)

const killHelp = `Kill a host again and again on its way from one version to the next, and see it
arrive all the same.

The host runs in systemd-nspawn under the real systemd, with the real agent and
its units; boot loader and kairos-agent are stand-ins. It is killed at seeded
random moments while it downloads, composes and switches (the agent, the agent
with its step, or everything), and then once at every kill point that stylet's
processes meet. After each trip everything is looked at: status, both slots, the
boot environment, left-over files, mounts and loop devices, and the bytes that
the registry served. Needs root; takes about a quarter of an hour.`

// newKillCommand makes `lab kill`.
func newKillCommand() *cobra.Command {
	config, only, keep := kill.Config{}, "", false
	cmd := &cobra.Command{
		Use: "kill", Short: "Kill a host in a container at random moments and at every kill point", Long: killHelp, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := os.MkdirTemp("", "stylet-kill-")
			if err != nil {
				return err
			}
			config.Dir, config.Say = dir, cmd.OutOrStdout()
			if only != "points" {
				err = kill.Random(cmd.Context(), config)
			}
			if err == nil && only != "random" {
				err = kill.Points(cmd.Context(), config)
			}
			if err != nil || keep {
				fmt.Fprintln(cmd.ErrOrStderr(), "lab: disks, console and registry are kept in", dir)
				return err
			}
			return os.RemoveAll(dir)
		},
	}
	cmd.Flags().Uint64Var(&config.Seed, "seed", 1, "makes the moments of the random kills")
	cmd.Flags().IntVar(&config.Count, "count", 15, "random kills in each of the three phases")
	cmd.Flags().StringVar(&only, "only", "", "random or points")
	cmd.Flags().BoolVar(&keep, "keep", false, "keep everything in the temporary folder")
	return cmd
}
