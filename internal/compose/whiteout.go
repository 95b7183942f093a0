package compose

import (
	"errors"
	"io/fs"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// Whiteouts as the OCI image specification has them (layer.md, "Whiteouts").
const (
	whiteoutPrefix = ".wh."
	opaque         = ".wh..wh..opq"
)

// hiding is what a whiteout does.
type hiding int

const (
	hidesNothing  hiding = iota // an ordinary entry
	hidesOne                    // the path
	hidesChildren               // all that the directory holds
	hidesUnknown                // a name of aufs' own (.wh..wh.plnk), which is left out
)

// whiteout tells whether the entry is a whiteout, and of what. A hidden name that is no name
// (".wh...") gives hidesOne of "".
func whiteout(name string) (hidden string, kind hiding) {
	base, ok := strings.CutPrefix(path.Base(name), whiteoutPrefix)
	switch {
	case !ok:
		return name, hidesNothing
	case path.Base(name) == opaque:
		return dirName(name), hidesChildren
	case strings.HasPrefix(base, whiteoutPrefix):
		return name, hidesUnknown
	case base == "" || base == "." || base == "..":
		return "", hidesOne
	}
	return path.Join(dirName(name), base), hidesOne
}

// mark notes that this layer wrote the path, so that its own whiteouts spare it.
func (r *layerRun) mark(name string) {
	if r.written == nil {
		return
	}
	for ; name != ""; name = dirName(name) {
		if _, known := r.written[name]; known {
			return
		}
		r.written[name] = struct{}{}
	}
}

// hide removes what lower layers left at the path or, for an opaque whiteout, in the directory.
func (r *layerRun) hide(name string, kind hiding) error {
	if r.written == nil {
		return nil // nothing lies below the lowest layer
	}
	if kind == hidesChildren {
		dir, err := r.tree.dir(name)
		if errors.Is(err, unix.ENOENT) {
			return nil
		}
		if err != nil {
			return err
		}
		return r.hideChildren(dir.path)
	}
	dir, err := r.tree.dir(dirName(name))
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	if err != nil {
		return err
	}
	return r.hideLower(spot{dir, path.Base(name)})
}

// hideLower removes the path unless this layer wrote it; in a directory that both have, it
// removes what only lower layers have.
func (r *layerRun) hideLower(at spot) error {
	if v := check(r.layer, r.rules, at.full()); v != nil {
		return v
	}
	if _, ours := r.written[at.full()]; !ours {
		return r.displace(at)
	}
	if isDir(at) {
		return r.hideChildren(at.full())
	}
	return nil
}

// hideChildren does so for all that a directory, named by its real path, holds.
func (r *layerRun) hideChildren(name string) error {
	entries, err := fs.ReadDir(r.tree.root.FS(), orDot(name))
	if err != nil {
		return err
	}
	for _, entry := range entries {
		// Anew for each: removing a directory makes the tree forget the open ones.
		r.tree.sweep()
		dir, err := r.tree.dir(name)
		if err != nil {
			return err
		}
		if err := r.hideLower(spot{dir, entry.Name()}); err != nil {
			return err
		}
	}
	return nil
}

func orDot(name string) string {
	if name == "" {
		return "."
	}
	return name
}
