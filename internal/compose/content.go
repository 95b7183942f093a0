package compose

import (
	"io"
	"os"

	"github.com/cespare/xxhash/v2"
	"golang.org/x/sys/unix"
)

// content is the checksum of a file's bytes: XXH64. It tells files apart that differ by accident;
// against people the SHA-256 of each layer stands in the image's manifest, and is checked while
// the layer is read. SHA-256 here would more than double the time of a composition on processors
// without instructions for it, and under emulation, where XXH64 is a hundred times faster.
type content uint64

// fileKey recognises a file that extraction wrote, and that nobody has written since: hard links
// share it, and whoever replaces or changes the file changes the time.
type fileKey struct {
	inode uint64
	size  int64
	mtime unix.Timespec
}

func keyOf(st *unix.Stat_t) fileKey {
	return fileKey{inode: st.Ino, size: st.Size, mtime: st.Mtim}
}

// readContent sums up a file that extraction did not write.
func readContent(file string) (content, error) {
	f, err := os.OpenFile(file, os.O_RDONLY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }()
	sum := xxhash.New()
	if _, err := io.Copy(sum, f); err != nil {
		return 0, err
	}
	return content(sum.Sum64()), nil
}
