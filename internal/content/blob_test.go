package content

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// pushedLayer gives a registry with a profile, and its first layer, of a good size over a chunk.
func pushedLayer(t *testing.T) (*troubledRegistry, string, v1alpha1.Layer) {
	t.Helper()
	registry := newTroubledRegistry(t)
	dir, profile := writeProfile(t, 60_000)
	reference := registry.host() + "/store:1"
	pushed, err := Push(t.Context(), registry.client(), PushRequest{Profile: profile, Dir: dir, Reference: reference})
	require.NoError(t, err)
	return registry, reference, pushed.Profile.Spec.Layers[0]
}

const smallChunk = 16 << 10

func smallChunks(t tester, dir string) *Store {
	store := newStore(t, dir)
	store.chunk = smallChunk
	return store
}

// Requirement: A8
func TestEnsureFromATroubledRegistry(t *testing.T) {
	registry, reference, layer := pushedLayer(t)
	desc := DescriptorOf(layer)
	src, err := registry.client().LayerSource(t.Context(), reference, layer)
	require.NoError(t, err)
	for name, test := range map[string]struct {
		troubles []trouble
		extra    int64 // bytes that may be served beyond the blob's size
	}{
		"none":                        {nil, 0},
		"cut in a chunk":              {[]trouble{nil, breakAfter(5000)}, 0},
		"cut at the first byte":       {[]trouble{breakAfter(1), breakAfter(1), breakAfter(1), breakAfter(1)}, 0},
		"a failing gateway":           {[]trouble{answer(http.StatusBadGateway), nil, answer(http.StatusServiceUnavailable)}, 0},
		"too many requests":           {[]trouble{answer(http.StatusTooManyRequests)}, 0},
		"a range that was not asked":  {[]trouble{nil, wrongRange}, 2},
		"the whole blob at first":     {[]trouble{ignoreRange}, 0},
		"the whole blob in between":   {[]trouble{nil, ignoreRange}, smallChunk},
		"wrong bytes once":            {[]trouble{nil, wrongBytes}, desc.Size},
		"no such range in between":    {[]trouble{nil, answer(http.StatusRequestedRangeNotSatisfiable)}, smallChunk},
		"a connection that is silent": {[]trouble{nil, func(_ http.ResponseWriter, r *http.Request, _ http.Handler) { <-r.Context().Done() }}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			store := smallChunks(t, t.TempDir())
			registry.expect(test.troubles...)
			before := registry.servedOf(desc.Digest)
			require.NoError(t, store.Ensure(t.Context(), desc, src, nil))
			assert.True(t, store.Has(desc.Digest))
			served := registry.servedOf(desc.Digest) - before
			assert.GreaterOrEqual(t, served, desc.Size)
			assert.LessOrEqual(t, served, desc.Size+test.extra)
		})
	}
}

func TestEnsureGivesUpOnARegistry(t *testing.T) {
	registry, reference, layer := pushedLayer(t)
	src, err := registry.client().LayerSource(t.Context(), reference, layer)
	require.NoError(t, err)
	repeat := func(tr trouble) (all []trouble) {
		for range 40 {
			all = append(all, tr)
		}
		return all
	}
	for name, test := range map[string]struct {
		troubles []trouble
		kind     fault.Kind
		code     string
	}{
		"denied":              {[]trouble{nil, answer(http.StatusForbidden)}, fault.Input, "registry.denied"},
		"gone":                {[]trouble{nil, answer(http.StatusNotFound)}, fault.Input, "registry.not-found"},
		"no such range":       {repeat(answer(http.StatusRequestedRangeNotSatisfiable)), fault.Input, "registry.bad-range"},
		"always other ranges": {repeat(wrongRange), fault.Retry, "registry.bad-range"},
		"always failing":      {repeat(answer(http.StatusInternalServerError)), fault.Retry, "registry.failing"},
		"come in an hour":     {repeat(answer(http.StatusTooManyRequests, "Retry-After", "3600")), fault.Retry, "registry.busy"},
		"come next century":   {repeat(answer(http.StatusServiceUnavailable, "Retry-After", "Fri, 01 Jan 2100 00:00:00 GMT")), fault.Retry, "registry.failing"},
		"another size":        {repeat(answer(http.StatusOK, "Content-Length", "0")), fault.Input, "content.corrupt"},
		"wrong bytes":         {repeat(wrongBytes), fault.Input, "content.corrupt"},
	} {
		t.Run(name, func(t *testing.T) {
			store := smallChunks(t, t.TempDir())
			registry.expect(test.troubles...)
			requireFault(t, store.Ensure(t.Context(), DescriptorOf(layer), src, nil), test.kind, test.code)
			assert.False(t, store.Has(layer.Content.Digest))
		})
	}
}

// Requirement: A8
func TestEnsureServesNoMoreThanAChunkPerCut(t *testing.T) {
	registry, reference, layer := pushedLayer(t)
	desc := DescriptorOf(layer)
	src, err := registry.client().LayerSource(t.Context(), reference, layer)
	require.NoError(t, err)
	top := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		cuts := rapid.SliceOfN(rapid.Int64Range(0, smallChunk), 0, 6).Draw(t, "cuts")
		var troubles []trouble
		for _, cut := range cuts {
			for range rapid.IntRange(0, 2).Draw(t, "good ones between") {
				troubles = append(troubles, nil)
			}
			troubles = append(troubles, breakAfter(cut))
		}
		registry.expect(troubles...)
		before := registry.servedOf(desc.Digest)
		store := smallChunks(t, top+"/"+rapid.StringMatching(`[a-z]{12}`).Draw(t, "dir"))
		require.NoError(t, store.Ensure(t.Context(), desc, src, nil))
		require.True(t, store.Has(desc.Digest))
		require.LessOrEqual(t, registry.servedOf(desc.Digest)-before, desc.Size+int64(len(cuts))*smallChunk)
	})
}
