package compose

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// sumChunk is the piece of a file that is hashed by itself.
const sumChunk = 4 * mib

// sumFile gives the SHA-256 over the SHA-256 of each chunk of the file. In one piece it would
// keep one core busy while the others wait: 16 s for 900 MiB under emulation, half of it with
// two cores.
func sumFile(ctx context.Context, path string) (v1alpha1.Digest, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("summing up: %w", err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return "", fmt.Errorf("summing up: %w", err)
	}
	chunks := int((info.Size() + sumChunk - 1) / sumChunk)
	sums := make([]byte, chunks*sha256.Size)
	workers := max(1, min(runtime.GOMAXPROCS(0), 8))
	group, ctx := errgroup.WithContext(ctx)
	for w := range workers {
		group.Go(func() error { return sumChunks(ctx, f, sums, w, workers) })
	}
	if err := group.Wait(); err != nil {
		return "", fmt.Errorf("summing up %s: %w", path, err)
	}
	return v1alpha1.DigestOf(sums), nil
}

// sumChunks hashes every step-th chunk, beginning with the first.
func sumChunks(ctx context.Context, f io.ReaderAt, sums []byte, first, step int) error {
	buf := make([]byte, sumChunk)
	for chunk := first; chunk*sha256.Size < len(sums); chunk += step {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := f.ReadAt(buf, int64(chunk)*sumChunk)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		sum := sha256.Sum256(buf[:n])
		copy(sums[chunk*sha256.Size:], sum[:])
	}
	return nil
}
