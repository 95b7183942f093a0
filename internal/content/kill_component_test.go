//go:build component

package content

import (
	"bufio"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/lab/process"
	"github.com/stylet-edge/stylet/internal/lab/registry"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// testTime is how long anything in these tests may take before it counts as hanging.
const testTime = time.Minute

// scene is a real registry with a profile, and the program that fetches the profile's first layer.
type scene struct {
	registry *registry.Registry
	storage  string // of the registry
	fetcher  string
	layer    v1alpha1.Layer
}

func newScene(t *testing.T, size int) *scene {
	t.Helper()
	storage := t.TempDir()
	served, err := registry.Start(t.Context(), storage)
	require.NoError(t, err)
	t.Cleanup(served.Stop)
	dir, profile := writeProfile(t, size)
	pushed, err := Push(t.Context(), plainClient(served), PushRequest{Profile: profile, Dir: dir, Reference: served.Address + "/site/store:1"})
	require.NoError(t, err)
	return &scene{registry: served, storage: storage, fetcher: buildFetcher(t), layer: pushed.Profile.Spec.Layers[0]}
}

func plainClient(served *registry.Registry) *Client {
	return NewClient(Options{Registries: []v1alpha1.Registry{{Host: served.Address, PlainHTTP: true}}})
}

func (s *scene) source(t *testing.T, served *registry.Registry) Source {
	t.Helper()
	src, err := plainClient(served).LayerSource(t.Context(), served.Address+"/site/store:1", s.layer)
	require.NoError(t, err)
	return src
}

func buildFetcher(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "fetcher")
	require.NoError(t, process.Run(t.Context(), process.Spec{
		Argv: []string{"go", "build", "-tags", "nogit,nounpack,killpoints", "-o", program, "./testdata/fetcher"},
		Env:  []string{"CGO_ENABLED=0"}, Stderr: os.Stderr,
	}))
	return program
}

// fetch runs the fetcher until it ends, or until watch, which is called with the number of bytes
// that it has, says that it is to be killed. It tells whether the fetcher ended by itself, and well.
func (s *scene) fetch(t *testing.T, dir string, watch func(done int64) (kill bool), env ...string) bool {
	t.Helper()
	// A pipe of the kernel's: the child writes to it itself, so that killing it here, where its
	// lines are read, waits for no copying.
	out, in, err := os.Pipe()
	require.NoError(t, err)
	defer out.Close()
	child, err := process.Start(process.Spec{
		Argv: []string{s.fetcher, dir, s.registry.Address, "site/store:1"}, Env: env, Stdout: in, Stderr: os.Stderr,
	})
	in.Close() // the child's is the last: its end is the end of the lines
	require.NoError(t, err)
	lines := bufio.NewScanner(out)
	for killed := false; lines.Scan(); {
		done, err := strconv.ParseInt(lines.Text(), 10, 64)
		require.NoError(t, err)
		if !killed && watch(done) {
			killed = true
			child.Kill()
		}
	}
	select {
	case <-child.Done():
	case <-time.After(testTime):
		child.Kill()
		require.Fail(t, "the fetcher hangs")
	}
	return child.Err() == nil
}

// requireCost checks what the registry served of the layer: all of it, and at most a chunk more
// per kill.
func (s *scene) requireCost(t *testing.T, mark, kills int) {
	t.Helper()
	desc := DescriptorOf(s.layer)
	taken := func() int64 { return registry.BlobBytes(s.registry.Since(mark))[string(desc.Digest)] }
	require.Eventually(t, func() bool { return taken() >= desc.Size }, testTime, 10*time.Millisecond)
	assert.LessOrEqual(t, taken(), desc.Size+int64(kills)*ChunkBytes, "%d kills", kills)
	t.Logf("%d kills: %d bytes served of a blob of %d", kills, taken(), desc.Size)
}

// requireWhole checks that the blob is there, and that nothing else is left once GC has run.
func requireWhole(t *testing.T, dir string, layer v1alpha1.Layer) {
	t.Helper()
	store := newStore(t, dir)
	data, err := os.ReadFile(store.Path(layer.Content.Digest))
	require.NoError(t, err)
	require.Equal(t, layer.Content.Digest, v1alpha1.DigestOf(data))
	_, err = store.GC(map[v1alpha1.Digest]bool{layer.Content.Digest: true})
	require.NoError(t, err)
	require.True(t, store.Has(layer.Content.Digest))
	left, err := os.ReadDir(filepath.Join(dir, partialDir))
	require.NoError(t, err)
	require.Empty(t, left)
}

// Requirement: A8
func TestKilledAtRandomBytes(t *testing.T) {
	s := newScene(t, 40<<20)
	size := s.layer.Content.Size
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	dir, mark, kills := t.TempDir(), s.registry.Mark(), 0
	for at := int64(0); ; {
		at += random.Int64N(size / 10)
		if s.fetch(t, dir, func(done int64) bool { return done >= at && done < size }) {
			break
		}
		kills++
		require.Less(t, kills, 200)
	}
	require.Greater(t, kills, 5, "too few kills to prove anything")
	requireWhole(t, dir, s.layer)
	s.requireCost(t, mark, kills)
}

// TestKilledAtEveryKillPoint lets the fetcher die once at each arrival at a kill point that lies
// on the road, each time from the start, and then finish.
//
// Requirement: A8
func TestKilledAtEveryKillPoint(t *testing.T) {
	s := newScene(t, 9<<20)
	log := filepath.Join(t.TempDir(), "points")
	never := func(int64) bool { return false }
	require.True(t, s.fetch(t, t.TempDir(), never, "STYLET_KILL_LOG="+log))
	reached, err := os.ReadFile(log)
	require.NoError(t, err)
	arrivals := map[string]int{}
	for line := range strings.Lines(string(reached)) {
		fields := strings.Fields(line) // the program's name comes first
		require.Len(t, fields, 2, "%q", line)
		point := fields[1]
		arrivals[point]++
		at := point + ":" + strconv.Itoa(arrivals[point])
		t.Run(at, func(t *testing.T) {
			dir, mark := t.TempDir(), s.registry.Mark()
			require.False(t, s.fetch(t, dir, never, "STYLET_KILL_AT="+at), "it was to die")
			require.True(t, s.fetch(t, dir, never))
			requireWhole(t, dir, s.layer)
			s.requireCost(t, mark, 1)
		})
	}
	for _, point := range []string{"content.chunk", "content.chunk-synced", "durable.rename", "durable.renamed", "durable.remove"} {
		assert.Positive(t, arrivals[point], "the kill point %s is on the road", point)
	}
	assert.Equal(t, 3, arrivals["content.chunk"])
}

// A download that one registry began is finished by another, at the byte: the store knows blobs,
// not places.
func TestRegistryDiesInBetween(t *testing.T) {
	s := newScene(t, 20<<20)
	desc := DescriptorOf(s.layer)
	store := newStore(t, t.TempDir())
	stopped := false
	err := store.Ensure(t.Context(), desc, s.source(t, s.registry), func(done int64) {
		if done > 6<<20 && !stopped {
			stopped = true
			s.registry.Stop()
		}
	})
	requireFault(t, err, fault.Retry, "registry.unreachable")
	missing := store.Missing([]Descriptor{desc})
	assert.Positive(t, missing)
	assert.LessOrEqual(t, missing, desc.Size-6<<20)

	again, err := registry.Start(t.Context(), s.storage)
	require.NoError(t, err)
	t.Cleanup(again.Stop)
	require.NoError(t, store.Ensure(t.Context(), desc, s.source(t, again), nil))
	require.True(t, store.Has(desc.Digest))
	taken := func() int64 { return registry.BlobBytes(again.Since(0))[string(desc.Digest)] }
	require.Eventually(t, func() bool { return taken() >= missing }, testTime, 10*time.Millisecond)
	assert.Equal(t, missing, taken())
}
