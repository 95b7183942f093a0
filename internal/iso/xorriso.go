package iso

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/base/fault"
)

const (
	// VolumeLabel is what the kernel command line and both boot loaders look for.
	VolumeLabel = "COS_LIVE"
	// writeTimeout is for content of tens of gigabytes on a slow disk.
	writeTimeout = 2 * time.Hour
	tellEvery    = time.Second
)

// runXorriso writes the ISO into the file at out, which exists and is ours alone.
func (r Request) runXorriso(ctx context.Context, out string, release release, files []entry) error {
	spec := command.Spec{
		Name: "xorriso", Argv: xorrisoArgs(out, r.Date, release, files), Timeout: writeTimeout,
		// Identifiers of the volume and of its partitions are made of this date.
		Env: []string{fmt.Sprintf("SOURCE_DATE_EPOCH=%d", r.Date.Unix()), "TZ=UTC"},
	}
	ended := make(chan error, 1)
	go func() {
		_, err := r.Runner.Run(ctx, spec)
		ended <- err
	}()
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	tell := r.step("writing")
	total := totalOf(release.list()) + totalOf(files)
	for {
		select {
		case <-tick.C:
			tell(min(sizeOf(out), total), total)
		case err := <-ended:
			if errors.Is(err, exec.ErrNotFound) {
				return fault.New(fault.Wait, "iso.no-xorriso", "install it: `apt-get install xorriso` on Debian and Ubuntu, "+
					"`dnf install xorriso` on Fedora, `apk add xorriso` on Alpine, `brew install xorriso` on macOS",
					"the program xorriso, which writes ISOs, is not on this machine")
			}
			return fault.Wrap(err, fault.Retry, "iso.failed", "look at what xorriso says", "writing the ISO")
		}
	}
}

// xorrisoArgs is the command line. The boot entries are those of grub-mkrescue, with the FAT image for
// UEFI as a partition of its own, so that UEFI finds it on a stick as well.
func xorrisoArgs(out string, date time.Time, release release, files []entry) []string {
	args := []string{
		"xorriso", "-no_rc", "-report_about", "SORRY", "-as", "mkisofs",
		"-o", out, "-V", VolumeLabel, "-iso-level", "3", // files above 4 GiB
		"-r", // every file belongs to root
		"--set_all_file_dates", fmt.Sprintf("=%d", date.Unix()),
		// A stick: the boot sector for a BIOS, a GPT for UEFI, and the flag without which some BIOSes
		// take no drive for bootable.
		"--grub2-mbr", release.entries[stickMBR].path, "--mbr-force-bootable",
		"-append_partition", "2", "0xef", release.entries[efiImage].path, "-appended_part_as_gpt",
		// A CD, by El Torito: GRUB for a BIOS, and the same partition for UEFI.
		"-c", "boot/boot.cat",
		"-b", inISO()[biosImage], "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table", "--grub2-boot-info",
		"-eltorito-alt-boot", "-e", "--interval:appended_partition_2:all::", "-no-emul-boot",
		"-graft-points",
	}
	all := slices.DeleteFunc(append(release.list(), files...), func(e entry) bool { return e.name == "" })
	for _, e := range all {
		args = append(args, "/"+graft(e.name)+"="+graft(e.path)) // from the top: never an option
	}
	args = append(args, "--")
	for _, e := range all { // whatever modes they have here
		args = append(args, "-chmod", fmt.Sprintf("%#o", e.mode), "/"+e.name, "--")
	}
	return args
}

// graft marks the characters that separate the two names.
func graft(name string) string {
	return strings.NewReplacer(`\`, `\\`, "=", `\=`).Replace(name)
}
