package kairos

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// Where ext2, ext3 and ext4 keep what is read here (kernel: Documentation/filesystems/ext4).
const (
	extSuperblock = 1024
	extMagicAt    = 56
	extMagic      = 0xEF53
	extLabelAt    = 120
	extLabelLen   = 16
)

// readExtLabel reads the label of the ext file system in a file, without root.
func readExtLabel(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("reading the label: %w", err)
	}
	defer f.Close()
	block := make([]byte, extLabelAt+extLabelLen)
	if _, err := f.ReadAt(block, extSuperblock); err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("reading the label: %w", err)
	}
	return extLabel(block, path)
}

func extLabel(superblock []byte, path string) (string, error) {
	if binary.LittleEndian.Uint16(superblock[extMagicAt:]) != extMagic {
		return "", fmt.Errorf("reading the label: %s holds no ext file system", path)
	}
	label, _, _ := bytes.Cut(superblock[extLabelAt:extLabelAt+extLabelLen], []byte{0})
	return string(label), nil
}
