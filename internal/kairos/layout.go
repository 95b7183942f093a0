package kairos

import (
	"github.com/kairos-io/kairos-sdk/constants"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Layout is the size of each partition of an installed disk, in MiB. It is fixed at the
// installation: only Persistent, the rest of the disk, is not written into the configuration.
type Layout struct {
	// EFI is the partition that UEFI reads, BIOS the one that holds the boot loader for a BIOS; a disk
	// has one of them.
	EFI      int64 `json:"efi,omitempty"`
	BIOS     int64 `json:"bios,omitempty"`
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
	// biosMiB is fixed by kairos-agent (kairos-sdk: constants.BiosSize).
	biosMiB = 1
	oemMiB  = 256
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

// Firmware is what starts a machine from its disk, by kairos-agent's names.
type Firmware string

// The firmwares.
const (
	UEFI Firmware = constants.EFI
	BIOS Firmware = constants.BIOS
)

// startedBy gives the layout of a disk that the firmware starts from; the zero Firmware is UEFI.
func (l Layout) startedBy(f Firmware) Layout {
	if f == BIOS {
		l.EFI, l.BIOS = 0, biosMiB
	}
	return l
}

// LayoutFor gives the layout that supports images up to a size on a machine with UEFI; zero means
// the default. On one with a BIOS it takes a little less.
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
	return (l.EFI + l.BIOS + l.OEM + l.Recovery + l.State + l.Persistent + gptMiB) * mib
}

// Check refuses a disk of so many bytes that the layout does not fit on.
func (l Layout) Check(disk int64) error {
	if disk >= l.Total() {
		return nil
	}
	fixed := l.Total() - imagesPerDisk*l.image()*mib
	remedy := "use a larger disk"
	if largest := (disk - fixed) / imagesPerDisk; largest >= 512*mib {
		remedy = "set stylet.install.maxImageSize to " + inMiB(largest) + " or less, or " + remedy
	}
	return fault.New(fault.Refused, CodeDiskTooSmall, remedy,
		"the disk has %s, the layout needs %s: state %dMi, recovery %dMi, at least %dMi persistent",
		inMiB(disk), inMiB(l.Total()), l.State, l.Recovery, l.Persistent)
}

// image is the largest image that the layout has room for, in MiB.
func (l Layout) image() int64 { return (l.State - stateReserve/mib) / 3 }
