package compose

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// treeDigest walks the finished tree below root, and hashes path, type, mode, owner, content (or
// link target, or device number) and extended attributes of everything in it. Times are left out:
// two compositions of the same inputs have the same digest. So is the record, which holds the
// digest. The files in known are not read again.
func treeDigest(root string, known map[fileKey]content) (v1alpha1.Digest, error) {
	sum := sha256.New()
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(file, root)
		switch name {
		case v1alpha1.ImageRecordPath:
			return nil
		case "/lost+found": // mke2fs made it
			return fs.SkipDir
		}
		return describe(sum, file, name, known)
	})
	if err != nil {
		return "", fmt.Errorf("hashing the tree: %w", err)
	}
	return v1alpha1.Digest("sha256:" + hex.EncodeToString(sum.Sum(nil))), nil
}

// describe adds one file to the sum. Each text is followed by a zero byte, which none can hold,
// or preceded by its length.
func describe(sum hash.Hash, file, name string, known map[fileKey]content) error {
	var st unix.Stat_t
	if err := unix.Lstat(file, &st); err != nil {
		return err
	}
	fmt.Fprintf(sum, "%s\x00%o %d %d\x00", name, st.Mode, st.Uid, st.Gid)
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		c, ok := known[keyOf(&st)]
		if !ok {
			var err error
			if c, err = readContent(file); err != nil {
				return err
			}
		}
		fmt.Fprintf(sum, "%d %016x\x00", st.Size, uint64(c))
	case unix.S_IFLNK:
		target, err := os.Readlink(file)
		if err != nil {
			return err
		}
		fmt.Fprintf(sum, "%s\x00", target)
	case unix.S_IFBLK, unix.S_IFCHR:
		fmt.Fprintf(sum, "%x\x00", st.Rdev)
	}
	return describeXattrs(sum, file)
}

func describeXattrs(sum hash.Hash, file string) error {
	names, err := xattrText(func(buf []byte) (int, error) { return unix.Llistxattr(file, buf) })
	if err != nil || names == "" {
		return err
	}
	list := strings.Split(strings.TrimSuffix(names, "\x00"), "\x00")
	slices.Sort(list)
	for _, name := range list {
		value, err := xattrText(func(buf []byte) (int, error) { return unix.Lgetxattr(file, name, buf) })
		if err != nil {
			return err
		}
		fmt.Fprintf(sum, "%s\x00%d\x00%s", name, len(value), value)
	}
	return nil
}

// xattrText calls with a buffer that is surely large enough; most calls give nothing.
func xattrText(call func([]byte) (int, error)) (string, error) {
	var small [256]byte
	n, err := call(small[:])
	if err == nil {
		return string(small[:n]), nil
	}
	if errors.Is(err, unix.ENOTSUP) {
		return "", nil
	}
	if !errors.Is(err, unix.ERANGE) {
		return "", err
	}
	large := make([]byte, 64<<10) // the kernel's limit for names and for values
	n, err = call(large)
	if err != nil {
		return "", err
	}
	return string(large[:n]), nil
}
