package kairos

import (
	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Layout is the size of each partition of an installed disk, in MiB. It is fixed at the
// installation: only Persistent, the rest of the disk, is not written into the configuration.
type Layout struct {
	EFI      int64 `json:"efi"`
	OEM      int64 `json:"oem"`
	Recovery int64 `json:"recovery"`
	State    int64 `json:"state"`
	// Persistent is what it must have at least: room for the blobs of an image and for the image
	// composed of them, and something to live on.
	Persistent int64 `json:"persistent"`
}

// The parts of a layout that do not depend on the image, in MiB.
const (
	efiMiB = 512
	oemMiB = 256
	// recoveryMiB leaves room for a base system several times ours: kairos-agent keeps two of them
	// while it upgrades recovery.
	recoveryMiB = 7000
	// persistentMiB is what an agent and its logs need beside images.
	persistentMiB = 4096
	// gptMiB is what the partition table itself takes (kairos-agent: gptMetadataOverhead).
	gptMiB = 2
	// imagesPerDisk counts the largest image: three on COS_STATE, blobs and composed file on
	// COS_PERSISTENT.
	imagesPerDisk = 5
)

// CodeDiskTooSmall is the fault code of a disk that has no room for the layout.
const CodeDiskTooSmall = "install.disk-too-small"

// LayoutFor gives the layout that supports images up to a size; zero means the default.
func LayoutFor(maxImage v1alpha1.Size) Layout {
	image := (maxImage.Or(v1alpha1.DefaultMaxImageSize) + mib - 1) / mib
	return Layout{
		EFI: efiMiB, OEM: oemMiB, Recovery: recoveryMiB,
		State:      3*image + stateReserve/mib,
		Persistent: 2*image + persistentMiB,
	}
}

// Total is the disk that the layout needs, in bytes.
func (l Layout) Total() int64 {
	return (l.EFI + l.OEM + l.Recovery + l.State + l.Persistent + gptMiB) * mib
}

// Check refuses a disk of so many bytes that the layout does not fit on.
func (l Layout) Check(disk int64) error {
	if disk >= l.Total() {
		return nil
	}
	fixed := LayoutFor(1).Total() - imagesPerDisk*mib
	remedy := "use a larger disk"
	if largest := (disk - fixed) / imagesPerDisk; largest >= 512*mib {
		remedy = "set stylet.install.maxImageSize to " + inMiB(largest) + " or less, or " + remedy
	}
	return fault.New(fault.Refused, CodeDiskTooSmall, remedy,
		"the disk has %s, the layout needs %s: state %dMi, recovery %dMi, at least %dMi persistent",
		inMiB(disk), inMiB(l.Total()), l.State, l.Recovery, l.Persistent)
}
