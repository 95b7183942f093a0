package iso

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// The released files of the installer, as images/build-installer.sh makes them.
const (
	rootImage = "rootfs.squashfs" // the live system, and what is installed
	efiImage  = "efi.img"         // a FAT file system with the boot loader for UEFI
	biosImage = "bios.img"        // the boot loader for a BIOS
	stickMBR  = "mbr.img"         // the boot sector with which a BIOS starts biosImage from a stick
	sumsFile  = "SHA256SUMS"      // of all the others
)

// inISO gives the released files that are files of the ISO too, and their names there. The kernel
// command line in grub.cfg and GRUB's prefix depend on these.
func inISO() map[string]string {
	return map[string]string{
		rootImage: rootImage, "kernel": "boot/kernel", "initrd": "boot/initrd",
		biosImage: "boot/" + biosImage, "grub.cfg": "EFI/boot/grub.cfg",
	}
}

// releaseFiles are all released files, in the order in which they are checked: small ones first.
func releaseFiles() []string {
	return []string{stickMBR, "grub.cfg", biosImage, efiImage, "kernel", "initrd", rootImage}
}

// release is a folder of released files.
type release struct {
	dir     string
	sums    map[string]v1alpha1.Digest
	entries map[string]entry
}

// openRelease looks whether all is there.
func openRelease(dir string) (release, error) {
	r := release{dir: dir, entries: map[string]entry{}}
	data, err := os.ReadFile(filepath.Join(dir, sumsFile))
	if err != nil {
		return r, r.lacks(sumsFile, err)
	}
	if r.sums, err = parseSums(data); err != nil {
		return r, fault.Wrap(err, fault.Input, "iso.release", releaseRemedy, "reading %s", filepath.Join(dir, sumsFile))
	}
	for _, name := range releaseFiles() {
		e, err := newEntry(filepath.Join(dir, name), inISO()[name], 0o444)
		if err != nil {
			return r, r.lacks(name, err)
		}
		r.entries[name] = e
	}
	return r, nil
}

const releaseRemedy = "get the released files of the installer again, all of one version"

func (r release) lacks(name string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fault.New(fault.Input, "iso.release",
			"name the folder with the released files of the installer by --from; a checkout makes them with `make iso`",
			"%s is not in %s", name, r.dir)
	}
	return fault.Wrap(err, fault.Input, "iso.release", releaseRemedy, "reading the released files")
}

// parseSums reads what sha256sum writes. Every released file must be named once, and nothing else.
func parseSums(data []byte) (map[string]v1alpha1.Digest, error) {
	sums := map[string]v1alpha1.Digest{}
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		sum, name, ok := strings.Cut(lines.Text(), "  ")
		digest, err := v1alpha1.ParseDigest("sha256:" + sum)
		if !ok || err != nil || sums[name] != "" || !slices.Contains(releaseFiles(), name) {
			return nil, fmt.Errorf("the line %.100q is not the checksum of a released file", lines.Text())
		}
		sums[name] = digest
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	for _, name := range releaseFiles() {
		if sums[name] == "" {
			return nil, fmt.Errorf("there is no checksum of %s", name)
		}
	}
	return sums, nil
}

// list gives the files, in their order.
func (r release) list() []entry {
	var list []entry
	for _, name := range releaseFiles() {
		list = append(list, r.entries[name])
	}
	return list
}

// verify compares every file with its checksum: a download that was cut off, and a mixture of two
// releases, are found here and not in front of a machine.
func (r release) verify(ctx context.Context, tell func(Progress)) error {
	for _, name := range releaseFiles() {
		file, err := os.Open(r.entries[name].path)
		if err != nil {
			return r.lacks(name, err)
		}
		_, have, err := hash(ctx, file, func(done, total int64) {
			tell(Progress{Step: "checking", File: name, Done: done, Total: total})
		})
		file.Close()
		if err != nil {
			return fmt.Errorf("reading %s: %w", name, err)
		}
		if have != r.sums[name] {
			return fault.New(fault.Input, "iso.release", releaseRemedy,
				"%s is damaged or of another version: %s, expected %s", filepath.Join(r.dir, name), have, r.sums[name])
		}
	}
	return nil
}

// date is that of the root image.
func (r release) date() (time.Time, error) {
	path := r.entries[rootImage].path
	file, err := os.Open(path)
	if err != nil {
		return time.Time{}, r.lacks(rootImage, err)
	}
	defer file.Close()
	made, err := squashfsDate(file)
	if err != nil {
		return made, fault.Wrap(err, fault.Input, "iso.release", releaseRemedy, "reading %s", path)
	}
	return made, nil
}
