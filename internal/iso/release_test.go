package iso

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// madeAt is the date of the root image of newRelease.
const madeAt = 1_793_491_200

// newRelease makes a folder of released files, small and with no code in them.
func newRelease(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range releaseFiles() {
		data := bytes.Repeat([]byte(name+"\n"), 4096/len(name))
		switch name {
		case rootImage:
			var super bytes.Buffer
			require.NoError(t, binary.Write(&super, binary.LittleEndian, []uint32{squashfsMagic, 1, madeAt}))
			data = append(super.Bytes(), make([]byte, 1<<20)...)
		case efiImage:
			data = make([]byte, 1<<20)
		case stickMBR:
			data = make([]byte, 512)
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, 0o644))
	}
	writeSums(t, dir)
	return dir
}

func writeSums(t *testing.T, dir string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(dir, sumsFile), []byte(sumsOf(t, dir)), 0o644))
}

func sumsOf(t *testing.T, dir string) string {
	t.Helper()
	var sums strings.Builder
	for _, name := range releaseFiles() {
		data, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		sums.WriteString(v1alpha1.DigestOf(data).Hex() + "  " + name + "\n")
	}
	return sums.String()
}

func TestAReleaseIsWholeOrRefused(t *testing.T) {
	t.Parallel()
	dir := newRelease(t)
	path := func(name string) string { return filepath.Join(dir, name) }
	r, err := openRelease(dir)
	require.NoError(t, err)
	require.NoError(t, r.verify(t.Context(), func(Progress) {}))
	date, err := r.date()
	require.NoError(t, err)
	require.Equal(t, time.Unix(madeAt, 0), date)

	for _, name := range append(releaseFiles(), sumsFile) {
		require.NoError(t, os.Rename(path(name), path("away")))
		_, err := openRelease(dir)
		require.Equal(t, "iso.release", fault.CodeOf(err), name)
		require.ErrorContains(t, err, name+" is not in "+dir)
		require.NoError(t, os.Rename(path("away"), path(name)))
	}
	_, err = openRelease(filepath.Join(dir, "nowhere"))
	require.Contains(t, fault.RemedyOf(err), "--from")

	// Half a download, and one byte of another build.
	require.NoError(t, os.Truncate(path("initrd"), 100))
	r, err = openRelease(dir)
	require.NoError(t, err)
	err = r.verify(t.Context(), func(Progress) {})
	require.Equal(t, "iso.release", fault.CodeOf(err))
	require.ErrorContains(t, err, "initrd is damaged or of another version")

	require.NoError(t, os.WriteFile(path(rootImage), []byte("no squashfs"), 0o644))
	_, err = r.date()
	require.Equal(t, "iso.release", fault.CodeOf(err))
}

func TestChecksumsNameEachReleasedFileOnce(t *testing.T) {
	t.Parallel()
	whole := sumsOf(t, newRelease(t))
	first, rest, _ := strings.Cut(whole, "\n")
	for what, text := range map[string]string{
		"empty":        "",
		"one is left":  rest,
		"twice":        whole + first + "\n",
		"a stranger":   whole + strings.Repeat("0", 64) + "  ../../etc/passwd\n",
		"short sum":    strings.Replace(whole, first[:64], first[:63], 1),
		"binary mode":  strings.Replace(whole, "  kernel", " *kernel", 1),
		"endless line": strings.Repeat("0", 100_000),
	} {
		_, err := parseSums([]byte(text))
		require.Error(t, err, what)
	}
	_, err := parseSums([]byte(whole))
	require.NoError(t, err)
}

func FuzzSums(f *testing.F) {
	f.Add([]byte(strings.Repeat("0", 64) + "  kernel\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		sums, err := parseSums(data)
		if err == nil && len(sums) != len(releaseFiles()) {
			t.Fatalf("accepted: %v", sums)
		}
	})
}

func FuzzSquashfsDate(f *testing.F) {
	f.Add([]byte("hsqs\x01\x00\x00\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if date, err := squashfsDate(bytes.NewReader(data)); err == nil && (date.Unix() < 0 || date.Unix() > 1<<32) {
			t.Fatalf("%s", date)
		}
	})
}
