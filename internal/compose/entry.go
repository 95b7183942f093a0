package compose

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// write puts an entry at its clean, folded name.
func (r *layerRun) write(h *tar.Header, name string) error {
	if name == "" {
		if h.Typeflag != tar.TypeDir {
			return errors.New("the root is a directory")
		}
		r.dirs[""] = attributesOf(h)
		return nil
	}
	parent, err := r.parent(dirName(name))
	if err != nil {
		return err
	}
	spot := spot{directory: parent, base: path.Base(name)}
	if spot.full() != name {
		// A link on the way led elsewhere: the rules hold for where it really lands.
		if v := check(r.layer, r.rules, spot.full()); v != nil {
			return v
		}
	}
	if h.Typeflag == tar.TypeLink {
		err = r.link(h, spot)
	} else {
		err = r.create(h, spot)
	}
	if err == nil {
		r.mark(spot.full())
	}
	return err
}

// spot is where an entry lands: a name in an open directory.
type spot struct {
	directory
	base string
}

// full gives the real path below the root.
func (s spot) full() string { return path.Join(s.path, s.base) }

// dirName is path.Dir with "" for the root.
func dirName(name string) string {
	if dir := path.Dir(name); dir != "." {
		return dir
	}
	return ""
}

// parent opens a directory, making it and its parents as needed.
func (r *layerRun) parent(name string) (directory, error) {
	d, err := r.tree.dir(name)
	if !errors.Is(err, unix.ENOENT) {
		return d, err
	}
	above, err := r.parent(dirName(name))
	if err != nil {
		return directory{}, err
	}
	at := spot{above, path.Base(name)}
	if err := unix.Mkdirat(at.fd, at.base, 0o700); err != nil {
		return directory{}, fmt.Errorf("making the directory /%s: %w", name, err)
	}
	r.dirs[at.full()] = attributes{mode: 0o755}
	return r.tree.dir(name)
}

// create makes the entry, in place of what lies there already, and gives it its attributes.
func (r *layerRun) create(h *tar.Header, at spot) error {
	fd, err := r.bare(h, at)
	if errors.Is(err, unix.EEXIST) {
		if h.Typeflag == tar.TypeDir && isDir(at) {
			err = nil
		} else if err = r.displace(at); err == nil {
			fd, err = r.bare(h, at)
		}
	}
	if err != nil {
		return err
	}
	a := attributesOf(h)
	switch h.Typeflag {
	case tar.TypeDir:
		r.dirs[at.full()] = a
		return nil
	case tar.TypeReg, tar.TypeGNUSparse:
		return r.fill(h.Size, fd, at, a)
	}
	return r.apply(at, a, h.Typeflag == tar.TypeSymlink)
}

// bare makes the entry without its attributes, a regular file open for writing; EEXIST if the
// name is taken.
func (r *layerRun) bare(h *tar.Header, at spot) (fd int, err error) {
	device := unix.Mkdev(uint32(h.Devmajor), uint32(h.Devminor))
	switch h.Typeflag {
	case tar.TypeDir:
		return -1, unix.Mkdirat(at.fd, at.base, 0o700)
	case tar.TypeSymlink:
		return -1, unix.Symlinkat(h.Linkname, at.fd, at.base)
	case tar.TypeChar:
		return -1, r.owner.Mknod(at.fd, at.base, unix.S_IFCHR|0o600, device)
	case tar.TypeBlock:
		return -1, r.owner.Mknod(at.fd, at.base, unix.S_IFBLK|0o600, device)
	case tar.TypeFifo:
		return -1, r.owner.Mknod(at.fd, at.base, unix.S_IFIFO|0o600, 0)
	}
	return unix.Openat(at.fd, at.base, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
}

// link makes a hard link to an entry of this or a lower layer.
func (r *layerRun) link(h *tar.Header, at spot) error {
	name, rule, why := cleanName(h.Linkname)
	if rule != "" {
		return &Violation{r.layer.Name, h.Name, rule, "its link target: " + why}
	}
	if isForeignProvider(name) {
		return &Violation{r.layer.Name, h.Name, "entry.unsupported", "a hard link to a provider that is left out"}
	}
	name = fold(name, false)
	dir, err := r.tree.dir(dirName(name))
	if err != nil {
		return err
	}
	target := spot{dir, path.Base(name)}
	if target.full() == at.full() {
		return errors.New("it is a hard link to itself")
	}
	link := func() error { return unix.Linkat(target.fd, target.base, at.fd, at.base, 0) }
	if err = link(); errors.Is(err, unix.EEXIST) {
		if err = r.displace(at); err == nil {
			err = link()
		}
	}
	return err
}

// fill writes the bytes of the file just made, notes its content, sets its attributes and closes
// it.
func (r *layerRun) fill(left int64, fd int, at spot, a attributes) (err error) {
	defer func() { err = errors.Join(err, unix.Close(fd)) }()
	for r.sum.Reset(); left > 0; {
		part := r.buffer[:min(int64(len(r.buffer)), left)]
		if _, err := io.ReadFull(r.tar, part); err != nil {
			return &streamError{err}
		}
		if err := writeAll(fd, part); err != nil {
			return err
		}
		_, _ = r.sum.Write(part) // never fails
		left -= int64(len(part))
	}
	if err := r.apply(at, a, false); err != nil {
		return err
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	r.known[keyOf(&st)] = content(r.sum.Sum64())
	return nil
}

// displace takes away what a new entry replaces or a whiteout hides, and forgets what the
// directories in it were to get.
func (r *layerRun) displace(at spot) error {
	gone, wasDir := at.full(), isDir(at)
	if wasDir {
		if v := checkHeld(r.layer, r.rules, gone); v != nil {
			return v
		}
	}
	if err := r.tree.remove(at.directory, at.base); err != nil {
		return fmt.Errorf("replacing /%s: %w", gone, err)
	}
	if wasDir {
		maps.DeleteFunc(r.dirs, func(name string, _ attributes) bool {
			return name == gone || strings.HasPrefix(name, gone+"/")
		})
	}
	return nil
}

func writeAll(fd int, data []byte) error {
	for len(data) > 0 {
		n, err := unix.Write(fd, data)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return err
		}
		data = data[max(n, 0):]
	}
	return nil
}

func isDir(at spot) bool {
	var st unix.Stat_t
	err := unix.Fstatat(at.fd, at.base, &st, unix.AT_SYMLINK_NOFOLLOW)
	return err == nil && st.Mode&unix.S_IFMT == unix.S_IFDIR
}
