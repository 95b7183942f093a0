package hardware

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Requirement is one rule of what a machine must have, as published. The checks measure against
// it; `stylet probe --requirements` prints it.
type Requirement struct {
	// Code is stable: sites name it in stylet.probe.overrides.
	Code  string `json:"code"`
	Title string `json:"title"`
	// Text is the rule in words, Source the ids of the requirements that it comes from.
	Text   string `json:"requirement"`
	Source string `json:"source"`
	// Blocks says when an installation is refused, Warns when it goes on with a warning; empty for never.
	Blocks string `json:"blocks,omitempty"`
	Warns  string `json:"warns,omitempty"`
	// Minimum marks the AMD64 minimums, which only warn on a Jetson Orin (H5).
	Minimum bool `json:"amd64Minimum,omitempty"`
	// Instead names the key of the user-data to use where an override would be wrong or useless.
	Instead string `json:"instead,omitempty"`
}

// The codes of the requirements.
const (
	CodeArchitecture   = "arch.supported"
	CodeBoard          = "board.known"
	CodeVirtualization = "virtualization.kind"
	CodeCPUFamily      = "cpu.family"
	CodeCPUCores       = "cpu.cores"
	CodeMemory         = "memory.minimum"
	CodeDriveChoice    = "drive.choice"
	CodeDriveSize      = "drive.size"
	CodeDriveRotation  = "drive.rotational"
	CodeDriveOccupied  = "drive.occupied"
	CodeDriveConflict  = "drive.conflict"
	CodeDriveLeftovers = "drive.leftovers"
	CodeSecureBoot     = "firmware.secure-boot"
	CodeTPM            = "tpm.present"
	CodeWatchdog       = "watchdog.present"
	CodeClock          = "clock.plausible"
	CodeOverrides      = "probe.overrides"
)

// Requirements are all rules, in the order of the report.
func Requirements() []Requirement {
	return slices.Concat(machineRequirements(), driveRequirements(), firmwareRequirements())
}

func machineRequirements() []Requirement {
	return []Requirement{
		{
			Code: CodeArchitecture, Title: "architecture", Source: "H1, H5",
			Text:   "amd64, or arm64 of the NVIDIA Jetson Orin family (" + orinCompatible + ")",
			Blocks: "any other architecture or ARM64 board",
		},
		{
			Code: CodeBoard, Title: "board", Source: "H6",
			Text:  "firmware that names the board, by DMI or by a device tree",
			Warns: "neither names it: a container, or firmware without SMBIOS",
		},
		{
			Code: CodeVirtualization, Title: "virtualization", Source: "A2",
			Text:  "bare metal or a virtual machine, told apart",
			Warns: "the probe runs in a container, which hides parts of the machine",
		},
		{
			Code: CodeCPUFamily, Title: "CPU", Source: "H1",
			Text:  "Intel Core i3, i5, i7, i9 or Xeon; AMD Ryzen 3, 5, 7, 9 or EPYC",
			Warns: "a CPU off the list, or a hypervisor's name for one",
		},
		{
			Code: CodeCPUCores, Title: "cores", Source: "H2",
			Text:   fmt.Sprintf("at least %d", minCores),
			Blocks: "fewer", Warns: "the kernel does not say",
		},
		{
			Code: CodeMemory, Title: "memory", Source: "H3, H6", Minimum: true,
			Text:   "8 GB installed, of which the OS sees at least " + binaryGiB(memoryMinimum),
			Blocks: "the OS sees less", Warns: "the kernel does not say",
		},
	}
}

func driveRequirements() []Requirement {
	return []Requirement{
		{
			Code: CodeDriveChoice, Title: "main drive", Source: "H4", Instead: "stylet.install.device",
			Text:   ChoiceRule,
			Blocks: "no drive, or several that are equally good",
		},
		{
			Code: CodeDriveSize, Title: "drive size", Source: "H4, H6", Minimum: true,
			Text:   fmt.Sprintf("at least %d GB (decimal, as drives are sold)", driveEnough/gigabyte),
			Blocks: fmt.Sprintf("under %d GB", driveMinimum/gigabyte),
			Warns:  fmt.Sprintf("%d to %d GB", driveMinimum/gigabyte, driveEnough/gigabyte),
		},
		{
			Code: CodeDriveRotation, Title: "drive kind", Source: "H4, H6", Minimum: true,
			Text:   "solid-state",
			Blocks: "a physical drive that turns",
			Warns:  "a virtual drive that says it turns; eMMC; the kernel does not say",
		},
		{
			Code: CodeDriveOccupied, Title: "drive content", Source: "A7", Instead: "stylet.install.force",
			Text:   "no existing installation, unless stylet.install.force is true",
			Blocks: "an installation on the main drive", Warns: "one that stylet.install.force permits to overwrite",
		},
		{
			Code: CodeDriveConflict, Title: "other drives", Source: "A7",
			Text:   "no installation on any other drive: the boot finds its parts by label",
			Blocks: "an installation on another drive",
		},
		{
			Code: CodeDriveLeftovers, Title: "leftovers", Source: "H6",
			Text:  "no member of an array or a pool (LVM, RAID, Ceph, ZFS, LUKS) on any drive",
			Warns: "one is there: whoever finds it may use it, or refuse the drive",
		},
	}
}

func firmwareRequirements() []Requirement {
	return []Requirement{
		{
			Code: CodeSecureBoot, Title: "Secure Boot", Source: "H6",
			Text:  "UEFI with Secure Boot on",
			Warns: "off, in setup mode, not known, or BIOS",
		},
		{
			Code: CodeTPM, Title: "TPM", Source: "H6",
			Text:  "a TPM 2.0, for a key that cannot be copied off the host",
			Warns: "none, or an older one",
		},
		{
			Code: CodeWatchdog, Title: "watchdog", Source: "H6",
			Text:  "a hardware watchdog, which restarts a host that hangs",
			Warns: "none: a hang waits for a person",
		},
		{
			Code: CodeClock, Title: "clock", Source: "H6",
			Text:  "a hardware clock that is about right: certificates depend on it",
			Warns: "far off, or none",
		},
		{
			Code: CodeOverrides, Title: "overrides", Source: "H6",
			Text:  "each names a check that can be overridden",
			Warns: "an override that can have no effect",
		},
	}
}

// WriteRequirements prints the table for people.
func WriteRequirements(w io.Writer) error {
	const indent = "                       "
	var b strings.Builder
	for _, r := range Requirements() {
		b.WriteString(wrap(r.Text+" ["+r.Source+"]", fmt.Sprintf("%-21s  ", r.Code), indent))
		for _, line := range [][2]string{{"refused:", r.Blocks}, {"warned:", r.Warns}} {
			if line[1] != "" {
				b.WriteString(wrap(line[1], fmt.Sprintf("      %-15s  ", line[0]), indent))
			}
		}
		if r.Minimum {
			b.WriteString(wrap("never refused, only warned", "      Jetson Orin:     ", indent))
		}
		if r.Instead != "" {
			b.WriteString(wrap(r.Instead, "      instead of an override: ", indent))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
