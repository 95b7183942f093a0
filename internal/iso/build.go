// Package iso makes a site's installer: the released files of the installer, the site's user-data and
// files of its own, as one ISO that starts by BIOS and UEFI, from a CD and from a stick. It needs no
// root and no container engine; the one program that it calls is xorriso.
package iso

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Request says what to make an ISO of.
type Request struct {
	// From is the directory with the released files of the installer.
	From string
	// UserData becomes user-data.yaml. Whether it is right is the caller's to know.
	UserData string
	// Files are the site's own.
	Files []File
	// Out is the ISO; a file that is there is replaced.
	Out string
	// Date is what all dates in the ISO say, so that the same inputs give the same bytes; zero takes
	// that of the released root image.
	Date   time.Time
	Runner command.Runner
	// Progress is told how far a step has come, at least every second; nil tells nobody.
	Progress func(Progress)
}

// Progress is where the work stands, in bytes.
type Progress struct {
	Step        string // "checking", "writing" or "hashing"
	File        string
	Done, Total int64
}

// Result describes a finished ISO.
type Result struct {
	Path   string          `json:"path"`
	Bytes  int64           `json:"bytes"`
	Digest v1alpha1.Digest `json:"digest"`
}

// Build makes the ISO. It is readable by its owner alone, since user-data holds secrets, and has its
// name only when it is whole.
//
// Errors: Input with iso.release (released files are missing or damaged), iso.file or iso.name (the
// site's files); Refused with iso.out; Wait with iso.no-room or iso.no-xorriso; Retry with iso.failed.
func Build(ctx context.Context, r Request) (Result, error) {
	if r.Progress == nil {
		r.Progress = func(Progress) {}
	}
	release, err := openRelease(r.From)
	if err != nil {
		return Result{}, err
	}
	files, err := siteEntries(r.UserData, r.Files)
	if err != nil {
		return Result{}, err
	}
	if err := checkOut(r.Out, totalOf(release.list())+totalOf(files)); err != nil {
		return Result{}, err
	}
	if err := release.verify(ctx, r.Progress); err != nil {
		return Result{}, err
	}
	if r.Date.IsZero() {
		if r.Date, err = release.date(); err != nil {
			return Result{}, err
		}
	}
	return r.write(ctx, release, files)
}

// overhead is what an ISO takes beside the files: tables, paddings, directories.
const overhead = 2 << 20

// checkOut refuses what cannot become the ISO, before minutes are spent.
func checkOut(out string, content int64) error {
	info, err := os.Stat(out)
	if err == nil && !info.Mode().IsRegular() {
		return fault.New(fault.Refused, "iso.out", "name a file, and write it to the stick afterwards",
			"%s is no file that could be replaced", out)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fault.Wrap(err, fault.Refused, "iso.out", "name another file", "looking at %s", out)
	}
	dir := filepath.Dir(out)
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return fault.New(fault.Refused, "iso.out", "make the folder first", "there is no folder %s", dir)
	}
	free, err := durable.Free(dir)
	if err != nil {
		return err
	}
	if needs := content + overhead; free < needs {
		return fault.New(fault.Wait, "iso.no-room", "free some room, or name a file on another file system",
			"the ISO needs %s in %s, which has %s left", v1alpha1.Size(needs).Human(), dir, v1alpha1.Size(free).Human())
	}
	return nil
}

func (r Request) write(ctx context.Context, release release, files []entry) (result Result, err error) {
	dir, err := durable.Open(filepath.Dir(r.Out))
	if err != nil {
		return Result{}, err
	}
	defer dir.Close()
	name := filepath.Base(r.Out)
	temp := fmt.Sprintf(".%s.%d.new", name, os.Getpid()) // of this process: two may make the same ISO
	defer func() {
		if err != nil {
			err = errors.Join(err, dir.RemoveAll(temp))
		}
	}()
	file, err := dir.OpenFile(temp, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return Result{}, fault.Wrap(err, fault.Refused, "iso.out", "name a file in a folder of your own", "writing %s", r.Out)
	}
	defer file.Close()
	if err := r.runXorriso(ctx, dir.Path(temp), release, files); err != nil {
		return Result{}, err
	}
	if err := file.Sync(); err != nil {
		return Result{}, fmt.Errorf("writing %s: %w", r.Out, err)
	}
	result.Path = r.Out
	if result.Bytes, result.Digest, err = hash(ctx, file, r.step("hashing")); err != nil {
		return Result{}, fmt.Errorf("reading %s back: %w", r.Out, err)
	}
	return result, dir.Rename(temp, name)
}

// step tells the progress of one step with the whole ISO.
func (r Request) step(name string) func(done, total int64) {
	return func(done, total int64) {
		r.Progress(Progress{Step: name, File: filepath.Base(r.Out), Done: done, Total: total})
	}
}
