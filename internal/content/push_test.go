package content

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Requirement: A8
func TestPushThenResolve(t *testing.T) {
	registry := newTroubledRegistry(t)
	dir, profile := writeProfile(t, 100_000)
	steps := map[string]int64{}
	pushed, err := Push(t.Context(), registry.client(), PushRequest{
		Profile: profile, Dir: dir, Reference: registry.host() + "/site/store:1.2.0",
		Progress: func(p PushProgress) { steps[p.Step+" "+p.Layer] = p.Done },
	})
	require.NoError(t, err)
	require.NoError(t, pushed.Profile.ValidatePushed().Err())

	os1 := pushed.Profile.Spec.Layers[0]
	assert.True(t, strings.HasPrefix(os1.Image, "/site/store/debian@sha256:"), os1.Image)
	archive, err := os.ReadFile(filepath.Join(dir, "debian.tar.zst"))
	require.NoError(t, err)
	assert.Equal(t, &v1alpha1.LayerContent{
		Digest: v1alpha1.DigestOf(archive), Size: int64(len(archive)),
		UnpackedBytes: 25 * 4096, // 100000 bytes; the hard link and the empty file take no blocks
		Files:         4,         // the hard link takes no inode
	}, os1.Content)
	assert.Equal(t, int64(len(archive)), steps["measuring debian"])
	assert.Equal(t, int64(len(archive)), steps["uploading debian"])
	assert.NotEmpty(t, profile.Spec.Layers[0].Archive, "the profile given is not changed")

	for _, reference := range []string{registry.host() + "/site/store:1.2.0", pushed.Reference} {
		resolved, err := registry.client().Resolve(t.Context(), reference)
		require.NoError(t, err)
		assert.Equal(t, pushed, resolved)
		assert.Equal(t, pushed.Profile.Digest(), resolved.Profile.Digest())
	}
}

// Requirement: A8
func TestRefreshFetchesAProfileOnce(t *testing.T) {
	registry := newTroubledRegistry(t)
	dir, profile := writeProfile(t, 1000)
	reference := registry.host() + "/site/store:1.2.0"
	push := func() Resolved {
		pushed, err := Push(t.Context(), registry.client(), PushRequest{Profile: profile, Dir: dir, Reference: reference})
		require.NoError(t, err)
		return pushed
	}
	pushed := push()
	known, err := registry.client().Refresh(t.Context(), reference, Resolved{})
	require.NoError(t, err)
	assert.Equal(t, pushed, known)
	before := maps.Clone(registry.served)
	for range 3 {
		known, err = registry.client().Refresh(t.Context(), reference, known)
		require.NoError(t, err)
		assert.Equal(t, pushed, known)
	}
	assert.Equal(t, before, registry.served, "nothing is downloaded twice")

	profile.Metadata.Version = "1.2.1"
	pushed = push()
	known, err = registry.client().Refresh(t.Context(), reference, known)
	require.NoError(t, err)
	assert.Equal(t, pushed, known, "the tag names something else now")
}

func TestPushAgainSendsNothingAndGivesTheSame(t *testing.T) {
	registry := newTroubledRegistry(t)
	var digests []v1alpha1.Digest
	for range 2 {
		dir, profile := writeProfile(t, 10_000)
		registry.puts = nil
		pushed, err := Push(t.Context(), registry.client(), PushRequest{Profile: profile, Dir: dir, Reference: registry.host() + "/store:1"})
		require.NoError(t, err)
		digests = append(digests, pushed.Digest)
	}
	assert.Equal(t, digests[0], digests[1])
	for _, put := range registry.puts {
		assert.Contains(t, put, "/manifests/", "no blob is sent again")
	}
}

// A profile that was shown can be pushed elsewhere in part: layers without an archive stay.
func TestPushKeepsPushedLayers(t *testing.T) {
	registry := newTroubledRegistry(t)
	dir, profile := writeProfile(t, 10_000)
	first, err := Push(t.Context(), registry.client(), PushRequest{Profile: profile, Dir: dir, Reference: registry.host() + "/store:1"})
	require.NoError(t, err)
	second, err := Push(t.Context(), registry.client(), PushRequest{Profile: first.Profile, Dir: "/nowhere", Reference: registry.host() + "/store:2"})
	require.NoError(t, err)
	assert.Equal(t, first.Digest, second.Digest)
}

func TestPushRefusesAChangedArchive(t *testing.T) {
	registry := newTroubledRegistry(t)
	dir, profile := writeProfile(t, 10_000)
	changed := false
	_, err := Push(t.Context(), registry.client(), PushRequest{
		Profile: profile, Dir: dir, Reference: registry.host() + "/store:1",
		Progress: func(p PushProgress) {
			if p.Step == "measuring" && p.Done == p.Total && !changed {
				changed = true
				require.NoError(t, os.Remove(filepath.Join(dir, "debian.tar.zst")))
				writeArchive(t, filepath.Join(dir, "debian.tar.zst"), 99, 10_001)
			}
		},
	})
	require.Error(t, err, "what is uploaded must be what was measured")
	require.True(t, changed)
}

func TestPushRefuses(t *testing.T) {
	registry := newTroubledRegistry(t)
	for name, test := range map[string]struct {
		reference, archive string
		code               string
		says               string
	}{
		"a digest":           {"/store@sha256:" + strings.Repeat("1", 64), "", "registry.reference", "cannot push to a digest"},
		"no tag":             {"/store", "", "registry.reference", "reading the reference"},
		"a missing archive":  {"/store:1", "missing.tar.zst", "profile.archive", "missing.tar.zst"},
		"an empty archive":   {"/store:1", "empty.tar.zst", "profile.archive", "reading its first bytes"},
		"text":               {"/store:1", "text.tar.zst", "profile.archive", "neither zstd nor gzip"},
		"a cut archive":      {"/store:1", "cut.tar.zst", "profile.archive", "unexpected EOF"},
		"a cut gzip archive": {"/store:1", "cut.tar.gz", "profile.archive", "unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			dir, profile := writeProfile(t, 10_000)
			writeBadArchives(t, dir)
			if test.archive != "" {
				profile.Spec.Layers[0].Archive = test.archive
			}
			_, err := Push(t.Context(), registry.client(), PushRequest{Profile: profile, Dir: dir, Reference: registry.host() + test.reference})
			requireFault(t, err, fault.Input, test.code)
			require.ErrorContains(t, err, test.says)
		})
	}
}

func writeBadArchives(t *testing.T, dir string) {
	t.Helper()
	write := func(name string, data []byte) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, 0o600))
	}
	write("empty.tar.zst", nil)
	write("text.tar.zst", []byte("hello, world"))
	for from, to := range map[string]string{"debian.tar.zst": "cut.tar.zst", "containerd.tar.gz": "cut.tar.gz"} {
		data, err := os.ReadFile(filepath.Join(dir, from))
		require.NoError(t, err)
		write(to, data[:len(data)/2])
	}
}
