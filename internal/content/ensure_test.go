package content

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/stylet-edge/stylet/internal/base/fault"
)

// Requirement: A8
func TestEnsureFetchesInChunks(t *testing.T) {
	store, data := newStore(t, t.TempDir()), someBytes(1, 10<<20)
	src := &memorySource{data: data}
	var seen []int64
	require.NoError(t, store.Ensure(t.Context(), descriptorOf(data), src, func(done int64) { seen = append(seen, done) }))
	requireBlob(t, store, data)
	assert.Equal(t, [][2]int64{{0, 4 << 20}, {4 << 20, 8 << 20}, {8 << 20, 10 << 20}}, src.asked)
	assert.Equal(t, int64(0), seen[0])
	assert.Equal(t, int64(10<<20), seen[len(seen)-1])
	assert.IsNonDecreasing(t, seen)

	require.NoError(t, store.Ensure(t.Context(), descriptorOf(data), src, nil))
	assert.Equal(t, int64(len(data)), src.served, "what is there is not fetched again")
	left, err := os.ReadDir(store.root.Path(partialDir))
	require.NoError(t, err)
	assert.Empty(t, left, "neither a part nor a lock stays behind")
}

func TestEnsureTakesTheEmptyBlob(t *testing.T) {
	store := newStore(t, t.TempDir())
	src := &memorySource{}
	require.NoError(t, store.Ensure(t.Context(), descriptorOf(nil), src, nil))
	requireBlob(t, store, nil)
	assert.Empty(t, src.asked)
}

// TestEnsureSurvivesCuts ends the process' part of a download at random bytes, loses what a power
// cut may lose, breaks connections in between, and wants the right bytes, each served once.
//
// Requirement: A8
func TestEnsureSurvivesCuts(t *testing.T) {
	top, runs := t.TempDir(), 0
	rapid.Check(t, func(t *rapid.T) {
		runs++
		dir := filepath.Join(top, strconv.Itoa(runs))
		const chunk = 1 << 10
		data := someBytes(rapid.Uint64().Draw(t, "seed"), rapid.IntRange(1, 8*chunk).Draw(t, "size"))
		src := &memorySource{data: data}
		src.before = func(_ context.Context, _ int, from, to int64) (Part, error) {
			if rapid.IntRange(0, 3).Draw(t, "broken?") == 0 {
				return src.part(from, to, rapid.IntRange(0, chunk).Draw(t, "breaks after")), nil
			}
			return Part{}, errNotHandled
		}
		kills, powerCuts := rapid.IntRange(0, 5).Draw(t, "kills"), int64(0)
		for range kills {
			ctx, kill := context.WithCancel(context.Background())
			at := rapid.Int64Range(0, int64(len(data))).Draw(t, "killed at")
			store := newStore(t, dir)
			store.chunk = chunk
			err := store.Ensure(ctx, descriptorOf(data), src, func(done int64) {
				if done >= at {
					kill()
				}
			})
			kill()
			if err == nil {
				break
			}
			if rapid.Bool().Draw(t, "power cut") {
				powerCuts++
				loseUnsynced(t, store, descriptorOf(data), chunk)
			}
		}
		store := newStore(t, dir)
		store.chunk = chunk
		for try := 0; ; try++ {
			err := store.Ensure(context.Background(), descriptorOf(data), src, nil)
			if err == nil {
				break
			}
			require.Equal(t, fault.Retry, fault.KindOf(err), "%v", err)
			require.Less(t, try, 50)
		}
		requireBlob(t, store, data)
		require.LessOrEqual(t, src.served, int64(len(data))+powerCuts*chunk)
		if powerCuts == 0 {
			require.Equal(t, int64(len(data)), src.served)
		}
	})
}

// loseUnsynced shortens the partial file to a whole number of chunks: what was synced is there.
func loseUnsynced(t *rapid.T, store *Store, desc Descriptor, chunk int64) {
	name := store.root.Path(partialName(desc.Digest))
	info, err := os.Stat(name)
	if errors.Is(err, os.ErrNotExist) {
		return
	}
	require.NoError(t, err)
	require.NoError(t, os.Truncate(name, max(0, info.Size()-rapid.Int64Range(0, chunk).Draw(t, "lost"))))
}

func TestEnsureReadsOverWhatItHasWhenRangesAreUnknown(t *testing.T) {
	store, data := newStore(t, t.TempDir()), someBytes(2, 9<<20)
	src := &memorySource{data: data}
	src.before = func(_ context.Context, n int, _, _ int64) (Part, error) {
		if n == 0 {
			return src.part(0, int64(len(data)), 5<<20), nil // the whole blob, broken off in the second chunk
		}
		return src.part(0, int64(len(data)), len(data)), nil
	}
	require.NoError(t, store.Ensure(t.Context(), descriptorOf(data), src, nil))
	requireBlob(t, store, data)
	assert.Len(t, src.asked, 2)
}

func TestEnsureDropsWrongBytes(t *testing.T) {
	good, bad := someBytes(3, 1<<20), someBytes(4, 1<<20)
	t.Run("on the disk", func(t *testing.T) {
		store := newStore(t, t.TempDir())
		require.NoError(t, os.WriteFile(store.root.Path(partialName(descriptorOf(good).Digest)), bad[:1<<19], 0o600))
		src := &memorySource{data: good}
		require.NoError(t, store.Ensure(t.Context(), descriptorOf(good), src, nil))
		requireBlob(t, store, good)
	})
	t.Run("too many on the disk", func(t *testing.T) {
		store := newStore(t, t.TempDir())
		require.NoError(t, os.WriteFile(store.root.Path(partialName(descriptorOf(good).Digest)), append(good[:len(good):len(good)], 1), 0o600))
		require.NoError(t, store.Ensure(t.Context(), descriptorOf(good), &memorySource{data: good}, nil))
		requireBlob(t, store, good)
	})
	t.Run("at the source", func(t *testing.T) {
		store := newStore(t, t.TempDir())
		src := &memorySource{data: bad}
		err := store.Ensure(t.Context(), descriptorOf(good), src, nil)
		requireFault(t, err, fault.Input, "content.corrupt")
		assert.Equal(t, int64(2*len(bad)), src.served, "fetched anew once, not for ever")
		assert.False(t, store.Has(descriptorOf(good).Digest))
		assert.NoFileExists(t, store.root.Path(partialName(descriptorOf(good).Digest)))
	})
}

func TestEnsureGivesUp(t *testing.T) {
	data := someBytes(5, 1000)
	for name, test := range map[string]struct {
		answer error
		kind   fault.Kind
		code   string
		tries  int
	}{
		"after some tries":       {fault.New(fault.Retry, "registry.failing", "", "x"), fault.Retry, "registry.failing", 3},
		"at once on denial":      {fault.New(fault.Input, "registry.denied", "", "x"), fault.Input, "registry.denied", 1},
		"when told to come late": {fault.Wrap(&backoff.RetryAfterError{Duration: time.Hour}, fault.Retry, "registry.busy", "", "x"), fault.Retry, "registry.busy", 1},
	} {
		t.Run(name, func(t *testing.T) {
			store := newStore(t, t.TempDir())
			src := &memorySource{data: data, before: func(context.Context, int, int64, int64) (Part, error) { return Part{}, test.answer }}
			requireFault(t, store.Ensure(t.Context(), descriptorOf(data), src, nil), test.kind, test.code)
			assert.Len(t, src.asked, test.tries)
		})
	}
}

func TestEnsureWaitsAsLongAsItIsAsked(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		store, data := newStore(t, dir), someBytes(6, 1000)
		store.patience = Patience{}.withDefaults()
		src := &memorySource{data: data, before: func(_ context.Context, n int, _, _ int64) (Part, error) {
			if n == 0 {
				return Part{}, fault.Wrap(&backoff.RetryAfterError{Duration: 20 * time.Second}, fault.Retry, "registry.busy", "", "x")
			}
			return Part{}, errNotHandled
		}}
		began := time.Now()
		require.NoError(t, store.Ensure(t.Context(), descriptorOf(data), src, nil))
		assert.Equal(t, 20*time.Second, time.Since(began))
	})
}

func TestEnsureEndsStalledRequests(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		store, data := newStore(t, dir), someBytes(7, 10_000)
		store.patience = Patience{}.withDefaults()
		src := &memorySource{data: data}
		src.before = func(ctx context.Context, n int, from, to int64) (Part, error) {
			switch n {
			case 0: // no answer at all
				<-ctx.Done()
				return Part{}, ctx.Err()
			case 1: // some bytes, then nothing
				part := src.part(from, to, 4000)
				part.ReadCloser = io.NopCloser(io.MultiReader(io.LimitReader(part, 4000), silentReader{ctx}))
				return part, nil
			}
			return Part{}, errNotHandled
		}
		began := time.Now()
		require.NoError(t, store.Ensure(t.Context(), descriptorOf(data), src, nil))
		requireBlob(t, store, data)
		assert.GreaterOrEqual(t, time.Since(began), 60*time.Second)
		assert.Less(t, time.Since(began), 70*time.Second)
		assert.Equal(t, int64(len(data)), src.served)
	})
}

func TestEnsureSaysThatItStalled(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		store, data := newStore(t, dir), someBytes(7, 10_000)
		src := &memorySource{data: data, before: func(ctx context.Context, _ int, _, _ int64) (Part, error) {
			<-ctx.Done()
			return Part{}, ctx.Err()
		}}
		err := store.Ensure(t.Context(), descriptorOf(data), src, nil)
		requireFault(t, err, fault.Retry, "content.stalled")
		require.ErrorContains(t, err, "memory sent nothing for 2s")
	})
}

// silentReader is a link that went quiet: nothing comes until the request is ended.
type silentReader struct {
	ctx context.Context //nolint:containedctx // the request's
}

func (r silentReader) Read([]byte) (int, error) {
	<-r.ctx.Done()
	return 0, r.ctx.Err()
}

func TestEnsureRefusesPartsThatWereNotAskedFor(t *testing.T) {
	store, data := newStore(t, t.TempDir()), someBytes(8, 1000)
	src := &memorySource{data: data}
	src.before = func(context.Context, int, int64, int64) (Part, error) { return src.part(10, 1000, 990), nil }
	requireFault(t, store.Ensure(t.Context(), descriptorOf(data), src, nil), fault.Retry, "content.bad-range")
}

func TestEnsureOfOneBlobByTwo(t *testing.T) {
	dir, data := t.TempDir(), someBytes(9, 1<<20)
	var sources [2]memorySource
	var work sync.WaitGroup
	for i := range sources {
		sources[i].data = data
		store := newStore(t, dir)
		work.Go(func() { assert.NoError(t, store.Ensure(t.Context(), descriptorOf(data), &sources[i], nil)) })
	}
	work.Wait()
	assert.Equal(t, int64(len(data)), sources[0].served+sources[1].served, "one fetches, the other waits")
}

func TestEnsureRefusesNonsense(t *testing.T) {
	store := newStore(t, t.TempDir())
	for _, desc := range []Descriptor{{}, {Digest: "sha256:../../x", Size: 1}, {Digest: descriptorOf(nil).Digest, Size: -1}} {
		requireFault(t, store.Ensure(t.Context(), desc, &memorySource{}, nil), fault.Input, "content.descriptor")
		assert.False(t, store.Has(desc.Digest))
	}
}

func TestEnsureStopsWithItsContext(t *testing.T) {
	store, data := newStore(t, t.TempDir()), someBytes(10, 1000)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, store.Ensure(ctx, descriptorOf(data), &memorySource{data: data}, nil), context.Canceled)
}

func TestEnsureChecksRoomFirst(t *testing.T) {
	store := newStore(t, t.TempDir())
	src := &memorySource{}
	err := store.Ensure(t.Context(), Descriptor{Digest: descriptorOf([]byte("x")).Digest, Size: 1 << 60}, src, nil)
	requireFault(t, err, fault.Wait, "content.no-room")
	require.ErrorContains(t, err, filepath.Base(store.root.Path("content"))+" needs 1048576.0 TiB more")
	assert.Empty(t, src.asked, "nothing was downloaded")
}
