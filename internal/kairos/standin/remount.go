package main

import (
	"fmt"
	"syscall"
)

// stRdonly is statfs' flag of a file system that is mounted read-only (statfs(2)).
const stRdonly = 1

// makeWritable remounts COS_STATE for writing, as kairos-agent does when it finds it read-only, and
// gives what puts it back. A directory that can be written, as in unit tests, stays as it is.
func makeWritable(dir string) (back func() error, err error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return nil, fmt.Errorf("looking at %s: %w", dir, err)
	}
	if st.Flags&stRdonly == 0 {
		return func() error { return nil }, nil
	}
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT, ""); err != nil {
		return nil, fmt.Errorf("remounting %s: %w", dir, err)
	}
	return func() error { return syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, "") }, nil
}
