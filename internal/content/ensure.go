package content

import (
	"context"
	"errors"
	"fmt"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// maxFetches is how often a blob is fetched whole in one Ensure when its bytes turn out wrong: a
// part on a damaged disk or a broken proxy can be the cause, and a second time tells.
const maxFetches = 2

// errWrongBytes marks a transfer whose part is of no use: it is dropped and begun anew.
var errWrongBytes = errors.New("the bytes are not those of the blob")

// Ensure brings a blob into the store, unless it is there: it takes up what an interruption left,
// fetches the rest in chunks, verifies the digest, and puts the blob into its place. Progress, if
// not nil, is called with the number of bytes that are there, from the start of a download to
// its end. Two calls for one blob, in two processes also, wait for each other.
//
// Errors: of kind Retry when the source did not answer for longer than the store's patience; Wait
// with content.no-room; Input with content.corrupt when what the source sends is not the blob.
// After each of them what has arrived is kept, except after content.corrupt.
func (s *Store) Ensure(ctx context.Context, want Descriptor, src Source, progress func(done int64)) (err error) {
	if _, err := v1alpha1.ParseDigest(string(want.Digest)); err != nil || want.Size < 0 {
		return fault.New(fault.Input, "content.descriptor", "", "%q with %d bytes cannot be fetched", want.Digest, want.Size)
	}
	if progress == nil {
		progress = func(int64) {}
	}
	if s.Has(want.Digest) {
		progress(want.Size)
		return nil
	}
	lock := partialName(want.Digest) + lockSuffix
	unlock, err := s.root.Lock(ctx, lock)
	if err != nil {
		return err
	}
	defer func() {
		if err == nil {
			err = s.root.RemoveAll(lock) // while it is held: who waits for it finds the blob
		}
		err = errors.Join(err, unlock())
	}()
	if s.Has(want.Digest) {
		progress(want.Size)
		return nil
	}
	return s.fetch(ctx, &transfer{store: s, want: want, src: src, progress: progress})
}

func (s *Store) fetch(ctx context.Context, t *transfer) error {
	var err error
	for range maxFetches {
		if err = t.run(ctx); !errors.Is(err, errWrongBytes) {
			break
		}
		if dropErr := s.root.RemoveAll(partialName(t.want.Digest)); dropErr != nil {
			return fmt.Errorf("dropping what was fetched: %w", dropErr)
		}
	}
	switch {
	case errors.Is(err, errWrongBytes):
		return fault.Wrap(err, fault.Input, "content.corrupt",
			"push the profile again, or look for a proxy that changes what passes through it",
			"%s does not give the blob %s", t.src.Name(), t.want.Digest)
	case err != nil:
		return fmt.Errorf("fetching the blob %s: %w", t.want.Digest.Short(), err)
	}
	return s.root.Rename(partialName(t.want.Digest), blobName(t.want.Digest))
}
