package road

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/zstd"
)

// packed is the time of every file in a packed layer: equal trees give equal layers.
var packed = time.Unix(1_767_225_600, 0)

// pack writes a tree as a layer: a compressed tar whose files belong to root.
func pack(tree, archive string) (err error) {
	file, err := os.OpenFile(archive, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o644)
	if err != nil {
		return fmt.Errorf("packing %s: %w", tree, err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	compressed, err := zstd.NewWriter(file)
	if err != nil {
		return fmt.Errorf("packing %s: %w", tree, err)
	}
	w := tar.NewWriter(compressed)
	err = filepath.WalkDir(tree, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == tree {
			return err
		}
		return addEntry(w, tree, path, entry)
	})
	if err := errors.Join(err, w.Close(), compressed.Close()); err != nil {
		return fmt.Errorf("packing %s: %w", tree, err)
	}
	return nil
}

func addEntry(w *tar.Writer, tree, path string, entry fs.DirEntry) error {
	info, err := entry.Info()
	if err != nil {
		return err
	}
	target := ""
	if info.Mode()&fs.ModeSymlink != 0 {
		if target, err = os.Readlink(path); err != nil {
			return err
		}
	}
	header, err := tar.FileInfoHeader(info, target)
	if err != nil {
		return err
	}
	name, err := filepath.Rel(tree, path)
	if err != nil {
		return err
	}
	header.Name, header.ModTime = name, packed
	header.Uid, header.Gid, header.Uname, header.Gname = 0, 0, "", ""
	// Whatever the umask of the checkout was.
	header.Mode = 0o644
	if info.IsDir() || info.Mode()&0o100 != 0 {
		header.Mode = 0o755
	}
	if err := w.WriteHeader(header); err != nil || !info.Mode().IsRegular() {
		return err
	}
	content, err := os.Open(path)
	if err != nil {
		return err
	}
	defer content.Close()
	_, err = io.Copy(w, content)
	return err
}
