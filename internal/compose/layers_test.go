package compose

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// item is one entry of a test layer; its type follows from the fields, a name that ends in "/"
// is a directory.
type item struct {
	name     string
	data     string
	link     string // symlink target
	hard     string // hard link target
	mode     int64
	uid, gid int
	kind     byte
	pax      map[string]string
}

func (i item) header() *tar.Header {
	h := &tar.Header{
		Name: i.name, Mode: i.mode, Uid: i.uid, Gid: i.gid, Format: tar.FormatPAX, Size: int64(len(i.data)),
		ModTime: time.Date(2024, 2, 29, 12, 30, 15, 0, time.UTC), PAXRecords: i.pax, Typeflag: tar.TypeReg,
	}
	switch {
	case i.kind != 0:
		h.Typeflag, h.Devmajor, h.Devminor = i.kind, 1, 3
	case i.link != "":
		h.Typeflag, h.Linkname, h.Mode = tar.TypeSymlink, i.link, 0o777
	case i.hard != "":
		h.Typeflag, h.Linkname = tar.TypeLink, i.hard
	case i.name[len(i.name)-1] == '/':
		h.Typeflag = tar.TypeDir
	}
	if h.Mode == 0 {
		h.Mode = 0o644
		if h.Typeflag == tar.TypeDir {
			h.Mode = 0o755
		}
	}
	return h
}

func tarOf(t testing.TB, items []item) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, i := range items {
		require.NoError(t, w.WriteHeader(i.header()))
		_, err := w.Write([]byte(i.data))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return out.Bytes()
}

// contentOf describes a plain tar by the rules of v1alpha1.LayerContent.
func contentOf(items []item) v1alpha1.LayerContent {
	var c v1alpha1.LayerContent
	for _, i := range items {
		if i.hard == "" {
			c.Files++
			c.UnpackedBytes += roundUp(int64(len(i.data)))
		}
	}
	return c
}

// layerOf packs a layer's blob into a file.
func layerOf(t testing.TB, kind v1alpha1.LayerKind, name, form string, items []item) LayerFile {
	t.Helper()
	content := contentOf(items)
	return blobOf(t, kind, name, pack(t, form, tarOf(t, items)), content)
}

func blobOf(t testing.TB, kind v1alpha1.LayerKind, name string, blob []byte, content v1alpha1.LayerContent) LayerFile {
	t.Helper()
	content.Digest, content.Size = v1alpha1.DigestOf(blob), int64(len(blob))
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, blob, 0o600))
	return LayerFile{Layer: v1alpha1.Layer{Kind: kind, Name: name, Content: &content}, Path: path}
}

func pack(t testing.TB, form string, plain []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	switch form {
	case "zstd":
		w, err := zstd.NewWriter(&out)
		require.NoError(t, err)
		_, err = w.Write(plain)
		require.NoError(t, err)
		require.NoError(t, w.Close())
	case "gzip":
		w := gzip.NewWriter(&out)
		_, err := w.Write(plain)
		require.NoError(t, err)
		require.NoError(t, w.Close())
	default:
		t.Fatalf("no such form: %s", form)
	}
	return out.Bytes()
}

// bootable is the least that passes the preflight.
func bootable(architecture string) []item {
	return []item{
		{name: "./", mode: 0o755},
		{name: "usr/"},
		{name: "usr/bin/"},
		{name: "usr/sbin/"},
		{name: "usr/lib/"},
		{name: "bin", link: "usr/bin"},
		{name: "sbin", link: "usr/sbin"},
		{name: "lib", link: "usr/lib"},
		{name: "boot/"},
		{name: "boot/vmlinuz-6.1", data: "kernel"},
		{name: "boot/vmlinuz", link: "vmlinuz-6.1"},
		{name: "boot/initrd", data: "initrd"},
		{name: "etc/"},
		{name: "etc/cos/"},
		{name: "etc/machine-id"},
		{name: "etc/cos/bootargs.cfg", data: "# arguments\nset x=\"panic=5 quiet\"\n"},
		{name: "etc/cos/grub.cfg", data: "menuentry\n"},
		{name: "etc/kairos-release", data: "KAIROS_MODEL=generic\n"},
		{name: "usr/bin/kairos-agent", data: elfFor(architecture), mode: 0o755},
		{name: "usr/bin/rsync", data: "#!/bin/sh\n", mode: 0o755},
		{name: "sbin/tune2fs", data: "#!/bin/sh\n", mode: 0o755},
		{name: "usr/bin/grub-editenv", data: "#!/bin/sh\n", mode: 0o755},
		{name: "usr/bin/grub2-editenv", link: "/usr/bin/grub-editenv"},
	}
}

// elfFor gives the smallest header that debug/elf reads.
func elfFor(architecture string) string {
	machine := map[string]uint16{"amd64": 62, "arm64": 183}[architecture]
	h := make([]byte, 64)
	copy(h, "\x7fELF\x02\x01\x01")
	binary.LittleEndian.PutUint16(h[16:], 2)
	binary.LittleEndian.PutUint16(h[18:], machine)
	binary.LittleEndian.PutUint32(h[20:], 1)
	binary.LittleEndian.PutUint16(h[52:], 64)
	return string(h)
}

// paper does on paper what only root may do.
type paper struct{ calls []string }

func (p *paper) Chown(int, string, int, int) error { return nil }
func (p *paper) Setxattr(_ int, base, name string, value []byte) error {
	p.calls = append(p.calls, base+" "+name+"="+string(value))
	return nil
}

func (p *paper) Mknod(dir int, base string, mode uint32, _ uint64) error {
	if mode&unix.S_IFMT != unix.S_IFIFO {
		mode = unix.S_IFREG | 0o600
	}
	return unix.Mknodat(dir, base, mode, 0)
}

// unpack extracts layers into root as an ordinary user, the first one as the lowest.
func unpack(t testing.TB, root string, layers ...LayerFile) (*extractor, error) {
	t.Helper()
	tree, err := openTree(root)
	require.NoError(t, err)
	defer func() { require.NoError(t, tree.close()) }()
	x := newExtractor(tree, &paper{})
	for i, lf := range layers {
		if err := extractLayer(context.Background(), x, lf, i == 0, func(int) {}); err != nil {
			return x, err
		}
	}
	if err := rejected(x.violations); err != nil {
		return x, err
	}
	err = x.applyDirs()
	return x, err
}

// names lists all below root, sorted.
func names(t testing.TB, root string) []string {
	t.Helper()
	var list []string
	require.NoError(t, filepath.Walk(root, func(path string, _ os.FileInfo, err error) error {
		if rel, _ := filepath.Rel(root, path); rel != "." {
			list = append(list, rel)
		}
		return err
	}))
	slices.Sort(list)
	return list
}
