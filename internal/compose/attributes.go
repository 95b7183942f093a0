package compose

import (
	"archive/tar"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// attributes are what every kind of entry has.
type attributes struct {
	mode     uint32 // permission bits
	uid, gid int
	mtime    unix.Timespec
	xattrs   []xattr // sorted by name
}

type xattr struct {
	name  string
	value string
}

const xattrPrefix = "SCHILY.xattr."

// permittedXattr: capabilities, access control lists and user attributes. trusted.* steers
// overlayfs and is no layer's business.
func permittedXattr(name string) bool {
	return strings.HasPrefix(name, "security.") || strings.HasPrefix(name, "user.") || strings.HasPrefix(name, "system.posix_acl_")
}

func attributesOf(h *tar.Header) attributes {
	a := attributes{
		mode: uint32(h.Mode) & 0o7777, uid: h.Uid, gid: h.Gid,
		mtime: unix.Timespec{Sec: h.ModTime.Unix(), Nsec: int64(h.ModTime.Nanosecond())},
	}
	if h.ModTime.IsZero() {
		a.mtime = unix.Timespec{}
	}
	for key, value := range h.PAXRecords {
		if name, ok := strings.CutPrefix(key, xattrPrefix); ok {
			a.xattrs = append(a.xattrs, xattr{name, value})
		}
	}
	slices.SortFunc(a.xattrs, func(a, b xattr) int { return strings.Compare(a.name, b.name) })
	return a
}

// apply sets an entry's attributes. The order matters: a change of owner clears set-user-ID bits
// and capabilities.
func (x *extractor) apply(at spot, a attributes, isLink bool) error {
	if err := x.owner.Chown(at.fd, at.base, a.uid, a.gid); err != nil {
		return fmt.Errorf("setting the owner: %w", err)
	}
	if !isLink {
		if err := unix.Fchmodat(at.fd, at.base, a.mode, 0); err != nil {
			return fmt.Errorf("setting the mode: %w", err)
		}
	}
	for _, attr := range a.xattrs {
		if err := x.owner.Setxattr(at.fd, at.base, attr.name, []byte(attr.value)); err != nil {
			return fmt.Errorf("setting %s: %w", attr.name, err)
		}
	}
	times := []unix.Timespec{a.mtime, a.mtime}
	if err := unix.UtimesNanoAt(at.fd, at.base, times, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return fmt.Errorf("setting the time: %w", err)
	}
	return nil
}

// applyDirs sets the attributes of all directories, the deepest first, so that no read-only
// directory is in the way of another one.
func (x *extractor) applyDirs() error {
	names := make([]string, 0, len(x.dirs))
	for name := range x.dirs {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range slices.Backward(names) {
		x.tree.sweep()
		at := spot{directory{fd: x.tree.fd}, "."}
		if name != "" {
			parent, err := x.tree.dir(dirName(name))
			if err != nil {
				return fmt.Errorf("finishing the directory /%s: %w", name, err)
			}
			at = spot{parent, name[strings.LastIndexByte(name, '/')+1:]}
		}
		if err := x.apply(at, x.dirs[name], false); err != nil {
			return fmt.Errorf("finishing the directory /%s: %w", name, err)
		}
	}
	return nil
}
