package hardware

import (
	"slices"
	"strings"

	"github.com/kairos-io/kairos-sdk/constants"
)

// LiveLabel is the volume label of the installer's ISO, as all Kairos ISOs have it.
const LiveLabel = "COS_LIVE"

// liveMount is where dracut mounts the boot medium in the live system.
const liveMount = "/run/initramfs/live"

// systemMounts are on the drive that an installed system runs from; "/" is for other systems.
func systemMounts() []string {
	return []string{"/run/initramfs/cos-state", "/oem", "/usr/local", "/"}
}

// installationLabels mark a drive that holds a Kairos (and so a stylet) installation.
func installationLabels() []string {
	return []string{constants.StateLabel, constants.OEMLabel, constants.RecoveryLabel, constants.PersistentLabel}
}

// InstallationLabels gives the labels of an installation that the drive holds, none if it holds
// no installation.
func (d Drive) InstallationLabels() []string {
	var found []string
	for _, label := range installationLabels() {
		if slices.Contains(d.Labels, label) {
			found = append(found, label)
		}
	}
	return found
}

// boot tells the live system from an installed one by the kernel command line (as kairos-sdk's
// state does), and finds the drives of both by what is mounted, or by the ISO's label when the
// live system was copied to memory.
func (s *source) boot(drives []Drive) Boot {
	line := s.text("proc/cmdline")
	var b Boot
	for _, mark := range []string{"live:LABEL", "live:CDLABEL", "netboot"} {
		b.Live = b.Live || strings.Contains(line, mark)
	}
	mounts := parseMounts(s.bytes("proc/self/mounts"))
	if b.Live {
		b.Medium = driveOf(drives, mounts[liveMount])
		for _, d := range drives {
			if b.Medium == "" && slices.Contains(d.Labels, LiveLabel) {
				b.Medium = d.Name
			}
		}
		return b
	}
	for _, target := range systemMounts() {
		if b.System = driveOf(drives, mounts[target]); b.System != "" {
			break
		}
	}
	return b
}

// driveOf names the drive that a device node belongs to, "" if none does.
func driveOf(drives []Drive, device string) string {
	name, ok := strings.CutPrefix(device, "/dev/")
	if !ok {
		return ""
	}
	for _, d := range drives {
		if d.Name == name || slices.ContainsFunc(d.Partitions, func(p Partition) bool { return p.Name == name }) {
			return d.Name
		}
	}
	return ""
}

// parseMounts maps mount points to their sources. The last mount on a point is the visible one.
func parseMounts(data []byte) map[string]string {
	unescape := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)
	mounts := map[string]string{}
	for line := range strings.Lines(string(data)) {
		if fields := strings.Fields(line); len(fields) >= 2 {
			mounts[unescape.Replace(fields[1])] = unescape.Replace(fields[0])
		}
	}
	return mounts
}
