package registry

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// BlobSize gives the length in bytes of a blob ("sha256:...") that the registry holds, as it lies
// in its storage.
func (r *Registry) BlobSize(digest string) (int64, error) {
	algorithm, hex, ok := strings.Cut(digest, ":")
	if !ok || len(hex) < 2 {
		return 0, fmt.Errorf("looking for a blob: %q is not a digest", digest)
	}
	dir := filepath.Dir(r.output.Name())
	info, err := os.Stat(filepath.Join(dir, "storage/docker/registry/v2/blobs", algorithm, hex[:2], hex, "data"))
	if err != nil {
		return 0, fmt.Errorf("looking for a blob: %w", err)
	}
	return info.Size(), nil
}
