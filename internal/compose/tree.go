package compose

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// tree is a directory that nothing leaves: every path is resolved by the kernel as if the
// directory were the root (openat2, RESOLVE_IN_ROOT), so that absolute links and ".." in links
// lead to places inside, as they will when the image runs. An os.Root would refuse absolute
// links, and walk every path component by component for every call.
type tree struct {
	root   *os.Root // for rare operations, on real paths
	fd     int      // the root, as a path descriptor
	prefix string   // the root's own real path
	open   map[string]directory
	// stale are forgotten directories that the entry at hand may still use.
	stale []int
}

// directory is an open directory of a tree.
type directory struct {
	fd int
	// path is its real path below the root, free of links; "" is the root.
	path string
}

// maxOpen bounds the descriptors that are kept; entries of one directory follow each other.
const maxOpen = 128

func openTree(dir string) (*tree, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the tree: %w", err)
	}
	fd, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		_ = root.Close()
		return nil, fmt.Errorf("opening the tree: %w", err)
	}
	t := &tree{root: root, fd: fd, open: map[string]directory{}}
	if t.prefix, err = os.Readlink(procPath(fd, "")); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the tree: %w", err), t.close())
	}
	return t, nil
}

func (t *tree) close() error {
	t.forget()
	t.sweep()
	return errors.Join(unix.Close(t.fd), t.root.Close())
}

// forget makes the next dir open every directory anew: after a directory or a link went away, the
// same path may lead elsewhere. Directories that were handed out stay open until sweep.
func (t *tree) forget() {
	for _, d := range t.open {
		t.stale = append(t.stale, d.fd)
	}
	clear(t.open)
}

// sweep closes what was forgotten. It is called between two entries.
func (t *tree) sweep() {
	for _, fd := range t.stale {
		_ = unix.Close(fd)
	}
	t.stale = t.stale[:0]
}

// dir opens the directory at a clean relative path, following links inside the tree.
func (t *tree) dir(name string) (directory, error) {
	if name == "" {
		return directory{fd: t.fd}, nil
	}
	if d, ok := t.open[name]; ok {
		return d, nil
	}
	fd, err := t.openat2(name, unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		return directory{}, &fs.PathError{Op: "opening the directory", Path: "/" + name, Err: err}
	}
	full, err := os.Readlink(procPath(fd, ""))
	if err != nil {
		return directory{}, errors.Join(err, unix.Close(fd))
	}
	d := directory{fd: fd, path: strings.TrimPrefix(strings.TrimPrefix(full, t.prefix), "/")}
	if len(t.open) >= maxOpen {
		t.forget()
	}
	t.open[name] = d
	return d, nil
}

// file opens a file for reading, following links inside the tree.
func (t *tree) file(name string) (*os.File, error) {
	fd, err := t.openat2(name, unix.O_RDONLY|unix.O_NONBLOCK)
	if err != nil {
		return nil, &fs.PathError{Op: "opening", Path: "/" + name, Err: err}
	}
	return os.NewFile(uintptr(fd), "/"+name), nil
}

func (t *tree) openat2(name string, flags uint64) (int, error) {
	how := unix.OpenHow{
		Flags:   flags | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS | unix.RESOLVE_NO_XDEV,
	}
	for {
		fd, err := unix.Openat2(t.fd, name, &how)
		// EAGAIN: something was renamed anywhere while ".." was resolved.
		if !errors.Is(err, unix.EINTR) && !errors.Is(err, unix.EAGAIN) {
			return fd, err
		}
	}
}

// remove takes away what lies at base, whatever it is. A missing name is no error.
func (t *tree) remove(d directory, base string) error {
	var st unix.Stat_t
	err := unix.Fstatat(d.fd, base, &st, unix.AT_SYMLINK_NOFOLLOW)
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	if err != nil {
		return err
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFDIR:
		t.forget()
		return t.root.RemoveAll(path.Join(d.path, base))
	case unix.S_IFLNK:
		t.forget()
	}
	return unix.Unlinkat(d.fd, base, 0)
}

// procPath names base below an open directory for the calls that know no descriptors.
func procPath(fd int, base string) string {
	if base == "" {
		return fmt.Sprintf("/proc/self/fd/%d", fd)
	}
	return fmt.Sprintf("/proc/self/fd/%d/%s", fd, base)
}
