package iso

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// tellBytes is how much is hashed between two words about it.
const tellBytes = 16 << 20

// hash reads a whole file from its beginning.
func hash(ctx context.Context, file *os.File, tell func(done, total int64)) (int64, v1alpha1.Digest, error) {
	info, err := file.Stat()
	if err != nil {
		return 0, "", err
	}
	sum := sha256.New()
	done, total := int64(0), info.Size()
	for done < total {
		if err := ctx.Err(); err != nil {
			return 0, "", context.Cause(ctx)
		}
		tell(done, total)
		n, err := io.Copy(sum, io.NewSectionReader(file, done, tellBytes))
		if err != nil {
			return 0, "", err
		}
		if n == 0 {
			return 0, "", io.ErrUnexpectedEOF // it has become shorter
		}
		done += n
	}
	return done, v1alpha1.Digest(fmt.Sprintf("sha256:%x", sum.Sum(nil))), nil
}

// sizeOf is how far a file has grown, for people; 0 when it cannot be told.
func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}
