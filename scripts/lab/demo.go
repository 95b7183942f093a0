package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/stylet-edge/stylet/internal/lab/phase"
	"github.com/stylet-edge/stylet/internal/lab/qemu"
	"github.com/stylet-edge/stylet/internal/lab/road"
)

const demoHelp = `See it work: a virtual machine boots the installer's ISO, is installed unattended,
and makes itself what its site's profile says. Everything runs on this machine; the
guest reaches nothing but a registry on the loopback interface.

Emulated it takes 15 to 25 minutes. At the end, at a terminal, you are at the machine's
console, and Ctrl-] switches it off; elsewhere --keep leaves it on until Ctrl-C.`

func newDemoCommand() *cobra.Command {
	o := runOptions{kvm: true}
	keep := isTerminal(os.Stdin)
	cmd := &cobra.Command{
		Use:   "demo [--keep] [--firmware uefi|bios]",
		Short: "Installation and first profile, on view",
		Long:  demoHelp,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			after := func(ctx context.Context, r *road.Road) error { return showOff(ctx, cmd, r, keep) }
			return o.run(cmd.Context(), cmd.OutOrStdout(), phase.Selection{}, (*road.Road).ToHealthy, after)
		},
	}
	o.addFlags(cmd, "demo")
	o.addFirmware(cmd, qemu.UEFI)
	cmd.Flags().BoolVar(&keep, "keep", keep, "leave the machine on at the end (default at a terminal)")
	return cmd
}

// showOff shows the machine's own words about itself, and how to get in.
func showOff(ctx context.Context, cmd *cobra.Command, r *road.Road, keep bool) error {
	out := cmd.OutOrStdout()
	status, err := r.Host().Output(ctx, "stylet status")
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\nlab# stylet status\n%s\n", status)
	if !keep {
		fmt.Fprintln(out, "\nThe machine is switched off now. To look around in it: go run ./scripts/lab demo --keep")
		return nil
	}
	return attach(ctx, out, r)
}

func isTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}
