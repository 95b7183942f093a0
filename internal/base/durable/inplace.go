package durable

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/stylet-edge/stylet/internal/base/killpoint"
)

// OverwriteInPlace replaces the bytes of an existing file by data of exactly the same length, in
// one O_DSYNC write to the blocks it has. GRUB does not replay the ext4 journal: a file replaced
// by rename, or truncated and written anew, may be seen old or empty by it after a power cut,
// even when fsync returned. The same blocks are always seen.
func OverwriteInPlace(path string, data []byte) (err error) {
	f, err := os.OpenFile(path, os.O_RDWR|unix.O_DSYNC|unix.O_NOFOLLOW, 0)
	if err != nil {
		return fmt.Errorf("overwriting in place: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("overwriting in place: %w", err)
	}
	if info.Size() != int64(len(data)) {
		return fmt.Errorf("overwriting %s in place: it has %d bytes, not %d", path, info.Size(), len(data))
	}
	killpoint.Reach("durable.in-place")
	if _, err := f.WriteAt(data, 0); err != nil {
		return fmt.Errorf("overwriting in place: %w", err)
	}
	killpoint.Reach("durable.in-place-done")
	return nil
}

// WriteAt overwrites the bytes of a block device, or of an existing file, from an offset on, and
// returns when they are on the medium: one O_DSYNC write, which flushes the drive's cache.
func WriteAt(path string, data []byte, offset int64) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|unix.O_DSYNC|unix.O_NOFOLLOW, 0)
	if err != nil {
		return fmt.Errorf("overwriting at %d: %w", offset, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	killpoint.Reach("durable.write-at")
	if _, err := f.WriteAt(data, offset); err != nil {
		return fmt.Errorf("overwriting at %d: %w", offset, err)
	}
	killpoint.Reach("durable.write-at-done")
	return nil
}

// SyncFS writes back the whole file system that holds path, journal included, so that a reader
// which does not replay the journal (GRUB) sees every rename made before.
func SyncFS(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("syncing the file system: %w", err)
	}
	killpoint.Reach("durable.syncfs")
	err = unix.Syncfs(int(f.Fd()))
	return errors.Join(err, f.Close())
}

// Free gives the bytes that an unprivileged writer may still use on the file system of path.
func Free(path string) (int64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return 0, fmt.Errorf("asking for free room of %s: %w", path, err)
	}
	return int64(st.Bavail) * st.Bsize, nil
}
