package compose

import (
	"crypto/sha256"
	"sync"

	"golang.org/x/sys/unix"
)

// content is the SHA-256 of a file's bytes.
type content [sha256.Size]byte

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

// hasher hashes files in a goroutine of its own while they are written: reading 680 MB again
// would cost 14 s under emulation, hashing beside the writer hardly any.
type hasher struct {
	parts chan part
	free  chan []byte
	owned sync.WaitGroup
	known map[fileKey]content
}

// part is a piece of a file; the last one (possibly empty) carries the file's key.
type part struct {
	data []byte
	n    int
	last bool
	key  fileKey
}

const (
	hashBuffers = 8
	bufferBytes = 512 << 10
)

// startHasher starts the goroutine; results ends it.
func startHasher() *hasher {
	h := &hasher{
		parts: make(chan part, hashBuffers),
		free:  make(chan []byte, hashBuffers),
		known: map[fileKey]content{},
	}
	for range hashBuffers {
		h.free <- nil // made when first needed
	}
	h.owned.Go(h.run)
	return h
}

func (h *hasher) run() {
	state := sha256.New()
	for p := range h.parts {
		state.Write(p.data[:p.n])
		if p.last {
			h.known[p.key] = content(state.Sum(nil))
			state.Reset()
		}
		h.free <- p.data
	}
}

// buffer gives a buffer of bufferBytes, to be returned by add.
func (h *hasher) buffer() []byte {
	buf := <-h.free
	if buf == nil {
		buf = make([]byte, bufferBytes)
	}
	return buf
}

// add hands over a piece, and gives back its buffer.
func (h *hasher) add(p part) { h.parts <- p }

// results ends the goroutine and gives the digests of all files written.
func (h *hasher) results() map[fileKey]content {
	close(h.parts)
	h.owned.Wait()
	return h.known
}
