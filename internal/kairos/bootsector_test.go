package kairos

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/fault"
)

// bootDrive is a drive of four sectors whose boot sector leads to the third.
func bootDrive() []byte {
	drive := make([]byte, 4*sectorBytes)
	copy(drive[0x180:], "GRUB \x00Geom\x00Hard Disk\x00Read\x00 Error\r\n")
	binary.LittleEndian.PutUint64(drive[grubKernelAt:], 2)
	copy(drive[bootMagicAt:], bootMagicBytes)
	copy(drive[2*sectorBytes:], "loads the rest")
	return drive
}

func TestBootSectorLeadsToALoader(t *testing.T) {
	t.Parallel()
	require.NoError(t, verifyBootSector(bytes.NewReader(bootDrive())))
	for what, spoil := range map[string]func([]byte){
		"no magic":              func(d []byte) { d[bootMagicAt] = 0 },
		"another boot loader":   func(d []byte) { copy(d[0x180:], "LILO") },
		"no address":            func(d []byte) { clear(d[grubKernelAt : grubKernelAt+8]) },
		"an absurd address":     func(d []byte) { d[grubKernelAt+7] = 0xff },
		"behind the drive":      func(d []byte) { d[grubKernelAt] = 4 },
		"an empty core image":   func(d []byte) { clear(d[2*sectorBytes:]) },
		"GRUB in another place": func(d []byte) { clear(d[0x180:0x190]); copy(d[bootCodeBytes:], "GRUB") },
	} {
		drive := bootDrive()
		spoil(drive)
		require.Equal(t, "install.not-verified", fault.CodeOf(verifyBootSector(bytes.NewReader(drive))), what)
	}
	require.Error(t, verifyBootSector(bytes.NewReader(nil)))
}

func FuzzBootSector(f *testing.F) {
	f.Add(bootDrive())
	f.Add([]byte("GRUB"))
	f.Fuzz(func(_ *testing.T, drive []byte) {
		_ = verifyBootSector(bytes.NewReader(drive)) // any drive has an answer
	})
}
