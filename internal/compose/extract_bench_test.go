package compose

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// sizeable gives a layer shaped like a small Debian: a few large files, thousands of small ones.
func sizeable(files, bytes int) []item {
	random := rand.New(rand.NewPCG(1, 2))
	text := make([]byte, bytes/4+1)
	for i := range text {
		text[i] = "etaoin shrdlu\n"[random.IntN(14)]
	}
	var items []item
	for i := range 4 {
		items = append(items, item{name: fmt.Sprintf("usr/lib/large%d", i), data: string(text[:bytes/8]), mode: 0o755})
	}
	for i := range files {
		if i%40 == 0 {
			items = append(items, item{name: fmt.Sprintf("usr/share/d%03d/", i/40)})
		}
		at, n := random.IntN(len(text)/2), random.IntN(bytes/files)
		items = append(items, item{name: fmt.Sprintf("usr/share/d%03d/f%d", i/40, i), data: string(text[at : at+n])})
	}
	return items
}

// BenchmarkExtract compares the extractor with GNU tar and zstd on the same blob. The processor
// time (cpu-ms/op) is comparable on a busy machine too. The extractor also hashes the blob and
// every file. Run as root for the real owners: without, both write as the user.
func BenchmarkExtract(b *testing.B) {
	const bytes = 64 << 20
	lf := layerOf(b, v1alpha1.LayerOS, "os", "zstd", sizeable(2000, bytes))
	runs := []struct {
		name string
		who  int // whose processor time
		run  func(dir string) error
	}{
		{"stylet", unix.RUSAGE_SELF, func(dir string) error { return extractOnce(b, dir, lf) }},
		{"gnu-tar", unix.RUSAGE_CHILDREN, func(dir string) error {
			return exec.Command("tar", "--zstd", "--numeric-owner", "--xattrs", "--xattrs-include=*", "-xpf", lf.Path, "-C", dir).Run()
		}},
	}
	for _, r := range runs {
		b.Run(r.name, func(b *testing.B) {
			b.SetBytes(lf.Layer.Content.UnpackedBytes)
			var used time.Duration
			for i := range b.N {
				dir := filepath.Join(b.TempDir(), fmt.Sprint(i))
				require.NoError(b, os.Mkdir(dir, 0o700))
				before := processorTime(b, r.who)
				require.NoError(b, r.run(dir))
				used += processorTime(b, r.who) - before
				b.StopTimer()
				require.NoError(b, os.RemoveAll(dir))
				b.StartTimer()
			}
			b.ReportMetric(float64(used.Milliseconds())/float64(b.N), "cpu-ms/op")
		})
	}
}

func processorTime(b *testing.B, who int) time.Duration {
	b.Helper()
	var use unix.Rusage
	require.NoError(b, unix.Getrusage(who, &use))
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

func extractOnce(b *testing.B, dir string, lf LayerFile) error {
	b.Helper()
	tree, err := openTree(dir)
	require.NoError(b, err)
	defer func() { require.NoError(b, tree.close()) }()
	x := newExtractor(tree, &paper{})
	if os.Getuid() == 0 {
		x.owner = kernel{}
	}
	if err := extractLayer(b.Context(), x, lf, true, func(int) {}); err != nil {
		return err
	}
	return x.applyDirs()
}
