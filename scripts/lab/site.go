package main

import (
	"github.com/spf13/cobra"

	"github.com/stylet-edge/stylet/internal/lab/phase"
	"github.com/stylet-edge/stylet/internal/lab/qemu"
	"github.com/stylet-edge/stylet/internal/lab/road"
)

const siteHelp = `A host at a difficult site, in a virtual machine with a BIOS: static address, no name
server that answers, a proxy that wants a login and inspects TLS, an authority and a
time server of the site's own, all from the user-data on the ISO. OS, agent and
content must go through it. Then user-data that loses the registry is applied, and
must be taken back by the host alone, in time.

Like ` + "`lab e2e`" + `, the phases are kept. Takes about forty minutes where the machine is
emulated.`

// newSiteCommand makes `lab site`.
func newSiteCommand() *cobra.Command {
	var s phase.Selection
	o := runOptions{site: true}
	cmd := &cobra.Command{
		Use:     "site [--from PHASE | --only PHASE] [--until PHASE] [--firmware uefi|bios]",
		Short:   "A host behind an inspecting proxy, with a static address and a BIOS",
		Long:    siteHelp,
		Example: "  lab site\n  lab site --from site-v1",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.run(cmd.Context(), cmd.OutOrStdout(), s, (*road.Road).Site, nil)
		},
	}
	o.addFlags(cmd, "site")
	o.addSelection(cmd, &s)
	o.addFirmware(cmd, qemu.BIOS)
	return cmd
}
