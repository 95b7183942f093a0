package content

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Recheck reads a blob again and removes it if its bytes are no longer those of its name (a torn
// or rotten disk), so that the next Ensure fetches it anew. A missing blob is no error.
func (s *Store) Recheck(ctx context.Context, digest v1alpha1.Digest) (err error) {
	f, err := s.Open(digest)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	sum := sha256.New()
	if _, err := io.Copy(sum, contextReader{ctx, f}); err != nil && ctx.Err() != nil {
		return fmt.Errorf("checking %s again: %w", digest.Short(), err)
	}
	if hex.EncodeToString(sum.Sum(nil)) == digest.Hex() {
		return nil
	}
	return s.root.RemoveAll(blobName(digest))
}

// contextReader ends reading when the context ends.
type contextReader struct {
	ctx context.Context //nolint:containedctx // lives for one call
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
