package compose

import "golang.org/x/sys/unix"

// ownership is what only root may do to a file named base below the open directory dir. Tests
// without privileges put a recorder here.
type ownership interface {
	Chown(dir int, base string, uid, gid int) error
	Mknod(dir int, base string, mode uint32, dev uint64) error
	Setxattr(dir int, base, name string, value []byte) error
}

// kernel does it.
type kernel struct{}

var _ ownership = kernel{}

func (kernel) Chown(dir int, base string, uid, gid int) error {
	return unix.Fchownat(dir, base, uid, gid, unix.AT_SYMLINK_NOFOLLOW)
}

func (kernel) Mknod(dir int, base string, mode uint32, dev uint64) error {
	return unix.Mknodat(dir, base, mode, int(dev))
}

func (kernel) Setxattr(dir int, base, name string, value []byte) error {
	return unix.Lsetxattr(procPath(dir, base), name, value, 0)
}
