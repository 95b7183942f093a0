package iso

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

// squashfsMagic begins the superblock (Linux: fs/squashfs/squashfs_fs.h).
const squashfsMagic = 0x73717368

// squashfsDate reads when the file system was made, as its superblock says.
func squashfsDate(r io.Reader) (time.Time, error) {
	var super struct{ Magic, Inodes, MadeAt uint32 }
	if err := binary.Read(r, binary.LittleEndian, &super); err != nil {
		return time.Time{}, fmt.Errorf("reading the superblock: %w", err)
	}
	if super.Magic != squashfsMagic {
		return time.Time{}, errors.New("it is no squashfs")
	}
	return time.Unix(int64(super.MadeAt), 0), nil
}
