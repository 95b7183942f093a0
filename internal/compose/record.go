package compose

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// sidecar is the record beside a finished image. It is written last, so an image is finished
// when, and only when, its sidecar describes it.
type sidecar struct {
	SchemaVersion int                  `json:"schemaVersion"`
	Size          int64                `json:"size"`
	Sum           v1alpha1.Digest      `json:"sum"` // of the file's bytes, see sumFile
	Record        v1alpha1.ImageRecord `json:"record"`
	Removed       []string             `json:"removed,omitempty"`
}

const sidecarVersion = 1

func sidecarName(image string) string { return image + ".json" }

// image gives the finished image at path as the sidecar describes it.
func (s sidecar) image(path string) Image {
	return Image{Path: path, Size: s.Size, Tree: s.Record.Tree, Record: s.Record, Removed: s.Removed}
}

// readSidecar reads the record beside an image and compares it with the file's size. An image
// without a record that fits is unfinished: fs.ErrNotExist.
func readSidecar(dir *durable.Root, name string) (sidecar, error) {
	var s sidecar
	if err := dir.ReadJSON(sidecarName(name), &s); err != nil {
		return s, err
	}
	info, err := dir.Stat(name)
	if err != nil {
		return s, err
	}
	if s.SchemaVersion != sidecarVersion || info.Size() != s.Size || !info.Mode().IsRegular() {
		return s, fmt.Errorf("%s does not fit its record: %w", name, fs.ErrNotExist)
	}
	return s, nil
}

// CodeDamaged is the fault code of an image that must be composed again.
const CodeDamaged = "compose.damaged"

// Verify reads the whole image file and compares it with its record. A file that was torn by a
// power cut, or has rotted since, is never switched to.
//
// Errors: fs.ErrNotExist for an image that was never finished; compose.damaged (retry) for one
// that must be composed again, after Discard.
func Verify(ctx context.Context, path string) (Image, error) {
	dir, err := durable.Open(filepath.Dir(path))
	if err != nil {
		return Image{}, fmt.Errorf("verifying the image: %w", err)
	}
	defer func() { _ = dir.Close() }()
	want, err := readSidecar(dir, filepath.Base(path))
	if err != nil {
		return Image{}, fmt.Errorf("verifying the image: %w", err)
	}
	const remedy = "the image is composed again; if that repeats, replace the disk"
	sum, err := sumFile(ctx, path, func(int) {})
	switch {
	case unreadable(err):
		return Image{}, fault.Wrap(err, fault.Retry, CodeDamaged, remedy, "verifying the image")
	case err != nil:
		return Image{}, fmt.Errorf("verifying the image: %w", err)
	case sum != want.Sum:
		return Image{}, fault.New(fault.Retry, CodeDamaged, remedy,
			"verifying the image %s: its bytes are not those that were written", path)
	}
	return want.image(path), nil
}

// unreadable tells whether the disk (EIO) or the file system (ext4's EBADMSG and EUCLEAN) has lost
// what was written.
func unreadable(err error) bool {
	return errors.Is(err, unix.EIO) || errors.Is(err, unix.EBADMSG) || errors.Is(err, unix.EUCLEAN)
}

// Discard removes an image and its record, the record first.
func Discard(path string) (err error) {
	dir, err := durable.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("discarding the image: %w", err)
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	name := filepath.Base(path)
	for _, n := range []string{sidecarName(name), name} {
		if err := dir.RemoveAll(n); err != nil {
			return fmt.Errorf("discarding the image: %w", err)
		}
	}
	return nil
}
