package compose

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// yard is a directory with a root to extract into, and things beside it that must never change.
func yard(t *testing.T) (root string, check func()) {
	t.Helper()
	dir := t.TempDir()
	root = filepath.Join(dir, "root")
	for _, d := range []string{root, filepath.Join(dir, "beside")} {
		require.NoError(t, os.Mkdir(d, 0o755))
	}
	canary := filepath.Join(dir, "beside", "canary")
	require.NoError(t, os.WriteFile(canary, []byte("alive"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(root, "seen"), []byte("seen"), 0o600))
	before := look(t, dir)
	return root, func() {
		require.Equal(t, before, look(t, dir))
		data, err := os.ReadFile(canary)
		require.NoError(t, err)
		require.Equal(t, "alive", string(data))
		require.NoError(t, filepath.Walk(root, func(path string, info os.FileInfo, err error) error {
			if err == nil && info.IsDir() {
				err = os.Chmod(path, 0o700) // for the removal by an ordinary user
			}
			return err
		}))
	}
}

// look describes all in dir but the inside of root.
func look(t *testing.T, dir string) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		if filepath.Base(path) == "root" && filepath.Dir(path) == dir {
			fmt.Fprintln(&out, path)
			return filepath.SkipDir
		}
		fmt.Fprintln(&out, path, info.Mode(), info.ModTime(), info.Size())
		return nil
	}))
	return out.String()
}

// dig extracts a plain tar twice, so that the second pass meets what the first one left.
func dig(t *testing.T, root string, plain []byte) {
	t.Helper()
	tree, err := openTree(root)
	require.NoError(t, err)
	x := newExtractor(tree, &paper{})
	for pass, kind := range []v1alpha1.LayerKind{v1alpha1.LayerOS, v1alpha1.LayerRuntime} {
		layer := v1alpha1.Layer{Kind: kind, Name: "fuzz", Content: &v1alpha1.LayerContent{UnpackedBytes: mib, Files: 1000}}
		if _, err := x.extract(t.Context(), layer, pass == 0, bytes.NewReader(plain)); err != nil {
			t.Log(err)
		}
	}
	_ = x.applyDirs() // may fail, for a directory's name of an odd kind; must not leave the root
	require.NoError(t, tree.close())
}

// FuzzExtractStream reads any bytes as a tar.
func FuzzExtractStream(f *testing.F) {
	f.Add(tarOf(f, []item{{name: "a/"}, {name: "a/.wh.b"}, {name: "./c", hard: "/seen"}}))
	f.Add(tarOf(f, []item{{name: "a", link: "../beside"}, {name: "a/canary", data: "dead"}}))
	f.Add([]byte("nothing"))
	f.Fuzz(func(t *testing.T, data []byte) {
		root, check := yard(t)
		dig(t, root, data)
		check()
	})
}

// FuzzExtractEntries makes well-formed entries out of few bytes each: names and targets from a
// short list of those that hurt, so that entries meet each other.
func FuzzExtractEntries(f *testing.F) {
	f.Add([]byte{1, 8, 9, 0, 10, 0})
	f.Add([]byte{1, 0, 7, 0, 1, 0, 2, 2, 12, 3, 0, 0})
	f.Add([]byte{3, 3, 3, 1, 14, 4, 4, 15, 0, 4, 16, 0, 1, 17, 9})
	places := []string{
		"a", "a/b", "a/b/c", "b", "seen", "./a//b/", "lib", "lib/x", "d/..", "../beside", "a/canary", "beside/canary", "../beside/canary",
		"/", ".wh.a", "a/.wh.b", "a/.wh..wh..opq", ".wh..wh..opq", ".wh...", "a/.wh..", "/proc/self/cwd", "../../../../../../../tmp", "usr", "usr/lib", "",
	}
	kinds := []byte{tar.TypeReg, tar.TypeSymlink, tar.TypeLink, tar.TypeDir, tar.TypeFifo, tar.TypeChar, tar.TypeCont}
	f.Fuzz(func(t *testing.T, data []byte) {
		root, check := yard(t)
		places := append(places, filepath.Join(filepath.Dir(root), "beside"))
		var plain bytes.Buffer
		w := tar.NewWriter(&plain)
		for ; len(data) >= 3; data = data[3:] {
			h := &tar.Header{
				Typeflag: kinds[int(data[0])%len(kinds)], Name: places[int(data[1])%len(places)],
				Linkname: places[int(data[2])%len(places)], Mode: int64(data[0]) << 1, Format: tar.FormatPAX,
			}
			if h.Typeflag == tar.TypeReg {
				h.Size = 4
			}
			if w.WriteHeader(h) != nil {
				continue // an empty name
			}
			_, err := io.WriteString(w, "dead"[:h.Size])
			require.NoError(t, err)
		}
		require.NoError(t, w.Close())
		dig(t, root, plain.Bytes())
		check()
	})
}
