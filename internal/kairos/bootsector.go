package kairos

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"

	"github.com/kairos-io/kairos-sdk/constants"
)

// Where GRUB's boot.img keeps things in the boot sector (GRUB: include/grub/i386/pc/boot.h).
const (
	sectorBytes    = 512
	grubKernelAt   = 0x5c // the sector of the core image, 64 bits, little-endian
	bootCodeBytes  = 440  // what follows is the disk's own: signature and partition table
	bootMagicAt    = 510
	bootMagicBytes = "\x55\xaa"
)

// verifyStart looks whether the firmware finds a boot loader on the drive.
func (s InstallSpec) verifyStart(d disk) error {
	if s.Firmware != BIOS {
		if d.byLabel[constants.EfiLabel] == "" {
			return notInstalled("no partition of it is labelled %s, which UEFI starts from", constants.EfiLabel)
		}
		return nil
	}
	drive, err := os.Open(d.node)
	if err != nil {
		return fmt.Errorf("reading the boot sector: %w", err)
	}
	defer drive.Close()
	return verifyBootSector(drive)
}

// verifyBootSector follows the way of a BIOS: GRUB's code in the first sector, and behind the address
// in it something to load.
func verifyBootSector(drive io.ReaderAt) error {
	sector := make([]byte, sectorBytes)
	if _, err := drive.ReadAt(sector, 0); err != nil {
		return fmt.Errorf("reading the boot sector: %w", err)
	}
	if string(sector[bootMagicAt:]) != bootMagicBytes || !bytes.Contains(sector[:bootCodeBytes], []byte("GRUB")) {
		return notInstalled("the boot sector does not hold GRUB, which a BIOS starts")
	}
	core := binary.LittleEndian.Uint64(sector[grubKernelAt:])
	if core == 0 || core > 1<<40 {
		return notInstalled("the boot sector leads to sector %d", core)
	}
	if _, err := drive.ReadAt(sector, int64(core)*sectorBytes); err != nil || len(bytes.Trim(sector, "\x00")) == 0 {
		return notInstalled("the boot sector leads to sector %d, and nothing is there to load", core)
	}
	return nil
}
