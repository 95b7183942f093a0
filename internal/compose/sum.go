package compose

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/cespare/xxhash/v2"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// sumChunk is the piece of a file that is summed up by itself.
const sumChunk = 4 * mib

// sumFile gives the digest of the XXH64 checksums of a file's chunks. It finds what a power cut or
// a failing disk did to an image; who could forge it could write the record beside it as well.
// See content for what SHA-256 would cost. Read is told the bytes of each chunk.
func sumFile(ctx context.Context, path string, read func(int)) (v1alpha1.Digest, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("summing up: %w", err)
	}
	defer func() { _ = f.Close() }()
	var sums []byte
	for buf := make([]byte, sumChunk); ; {
		if err := ctx.Err(); err != nil {
			return "", fmt.Errorf("summing up %s: %w", path, err)
		}
		n, err := io.ReadFull(f, buf)
		read(n)
		sums = binary.BigEndian.AppendUint64(sums, xxhash.Sum64(buf[:n]))
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return v1alpha1.DigestOf(sums), nil
		}
		if err != nil {
			return "", fmt.Errorf("summing up %s: %w", path, err)
		}
	}
}
