// Package durable is the only way in which stylet changes files that must survive a power cut.
// Every path is relative to a Root, which cannot be left; a write is atomic (temporary file,
// fsync, rename, fsync of the directory), so that a reader, and the next boot, sees the old or
// the new content and never a mixture. The gaps between those calls are kill points.
package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/stylet-edge/stylet/internal/base/killpoint"
)

// Root is a directory that stylet owns.
type Root struct {
	dir  string
	root *os.Root
}

// Open opens the directory, creating it (and its parents) for the owner alone if it is missing.
func Open(dir string) (*Root, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("opening the directory: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the directory: %w", err)
	}
	return &Root{dir: dir, root: root}, nil
}

// Close releases the directory.
func (r *Root) Close() error { return r.root.Close() }

// Path gives the absolute path of a name, for programs that must be given one.
func (r *Root) Path(name string) string { return filepath.Join(r.dir, name) }

// ReadFile reads a whole file. A missing one is fs.ErrNotExist.
func (r *Root) ReadFile(name string) ([]byte, error) { return r.root.ReadFile(name) }

// Stat describes a name, following links inside the root.
func (r *Root) Stat(name string) (fs.FileInfo, error) { return r.root.Stat(name) }

// ReadDir lists a directory; a missing one is empty.
func (r *Root) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(r.root.FS(), name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return entries, err
}

// MkdirAll creates a directory and its parents for the owner alone, and syncs each parent.
func (r *Root) MkdirAll(name string) error {
	if !filepath.IsLocal(name) {
		return fmt.Errorf("making the directory %s: it is not below the root", name)
	}
	if _, err := r.root.Stat(name); err == nil {
		return nil
	}
	if parent := filepath.Dir(name); parent != "." {
		if err := r.MkdirAll(parent); err != nil {
			return err
		}
	}
	if err := r.root.Mkdir(name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return r.SyncDir(filepath.Dir(name))
}

// WriteFile replaces a file's content atomically and durably, creating parents as needed.
func (r *Root) WriteFile(name string, data []byte, perm fs.FileMode) error {
	if err := r.MkdirAll(filepath.Dir(name)); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	temp := name + ".new"
	if err := r.writeSynced(temp, data, perm); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return r.Rename(temp, name)
}

func (r *Root) writeSynced(name string, data []byte, perm fs.FileMode) (err error) {
	killpoint.Reach("durable.write")
	f, err := r.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, perm)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Write(data); err != nil {
		return err
	}
	killpoint.Reach("durable.written")
	return f.Sync()
}

// Rename moves a name over another one and syncs both directories.
func (r *Root) Rename(from, to string) error {
	killpoint.Reach("durable.rename")
	if err := r.root.Rename(from, to); err != nil {
		return fmt.Errorf("renaming: %w", err)
	}
	killpoint.Reach("durable.renamed")
	if err := r.SyncDir(filepath.Dir(to)); err != nil {
		return err
	}
	if filepath.Dir(from) != filepath.Dir(to) {
		return r.SyncDir(filepath.Dir(from))
	}
	return nil
}

// Append adds data to the end of a file and syncs it. A cut may leave a part of the data at the
// end; readers of appended files must skip a last line without newline.
func (r *Root) Append(name string, data []byte, perm fs.FileMode) (err error) {
	killpoint.Reach("durable.append")
	f, err := r.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, perm)
	if err != nil {
		return fmt.Errorf("appending: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Write(data); err != nil {
		return fmt.Errorf("appending: %w", err)
	}
	return f.Sync()
}

// OpenFile opens a file for reading or writing in place; the caller syncs what it writes.
func (r *Root) OpenFile(name string, flag int, perm fs.FileMode) (*os.File, error) {
	return r.root.OpenFile(name, flag, perm)
}

// RemoveAll removes a name and all below it and syncs its directory. A missing name is no error.
func (r *Root) RemoveAll(name string) error {
	killpoint.Reach("durable.remove")
	if err := r.root.RemoveAll(name); err != nil {
		return fmt.Errorf("removing: %w", err)
	}
	if _, err := r.root.Stat(filepath.Dir(name)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return r.SyncDir(filepath.Dir(name))
}

// SyncDir makes the directory's entries durable.
func (r *Root) SyncDir(name string) (err error) {
	d, err := r.root.Open(name)
	if err != nil {
		return fmt.Errorf("syncing the directory: %w", err)
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("syncing the directory %s: %w", name, err)
	}
	return nil
}
