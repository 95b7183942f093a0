package road

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

func TestPackGivesEqualLayersForEqualTrees(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"one", "other"} {
		tree := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Join(tree, "usr/bin"), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(tree, "usr/bin/tool"), []byte("#!/bin/sh\n"), 0o744))
		require.NoError(t, os.WriteFile(filepath.Join(tree, "usr/data"), []byte("data"), 0o600))
		require.NoError(t, os.Symlink("bin/tool", filepath.Join(tree, "usr/link")))
		require.NoError(t, pack(tree, tree+".tar.zst"))
	}
	one, err := os.ReadFile(filepath.Join(dir, "one.tar.zst"))
	require.NoError(t, err)
	other, err := os.ReadFile(filepath.Join(dir, "other.tar.zst"))
	require.NoError(t, err)
	require.Equal(t, one, other)

	modes := map[string]int64{}
	file, err := os.Open(filepath.Join(dir, "one.tar.zst"))
	require.NoError(t, err)
	t.Cleanup(func() { file.Close() })
	plain, err := zstd.NewReader(file)
	require.NoError(t, err)
	t.Cleanup(plain.Close)
	for r := tar.NewReader(plain); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		require.Zero(t, header.Uid)
		require.Zero(t, header.Gid)
		modes[header.Name] = header.Mode
		if header.Name == "usr/link" {
			require.Equal(t, "bin/tool", header.Linkname)
		}
	}
	require.Equal(t, map[string]int64{"usr": 0o755, "usr/bin": 0o755, "usr/bin/tool": 0o755, "usr/data": 0o644, "usr/link": 0o755}, modes)
}

// Every profile of the proof is one that stylet accepts, and the versions are those that the
// phases wait for.
func TestTheProfilesOfTheProofAreValid(t *testing.T) {
	versions := map[string]string{}
	files, err := filepath.Glob("../../../testdata/e2e/*.yaml")
	require.NoError(t, err)
	for _, file := range files {
		if filepath.Base(file) == "user-data.yaml" {
			continue
		}
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		profile, err := v1alpha1.ParseProfile(file, data)
		require.NoError(t, err)
		require.Equal(t, "store", profile.Metadata.Name)
		versions[filepath.Base(file)] = profile.Metadata.Version
	}
	require.Equal(t, map[string]string{
		"v1.yaml": "1.0.0", "v2.yaml": "2.0.0", "v3.yaml": "3.0.0", "v4.yaml": "4.0.0", "hang.yaml": "4.1.0", "v5.yaml": "5.0.0",
	}, versions)
}
