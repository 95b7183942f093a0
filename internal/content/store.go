package content

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Where the store keeps things below its root.
const (
	blobDir    = "content/blobs/sha256"
	partialDir = "content/partial"
	lockSuffix = ".lock" // of a partial file's lock, beside it
)

// CodeNoRoom marks the errors that end when there is room on the store's file system.
const CodeNoRoom = "content.no-room"

// Descriptor names a blob and says how long it is.
type Descriptor struct {
	Digest v1alpha1.Digest
	Size   int64 // bytes
}

// Part is a run of a blob's bytes. It may begin before and end after what was asked for, as with
// a server that knows no ranges; From and To, in bytes from the blob's begin, say where.
type Part struct {
	io.ReadCloser
	From, To int64
}

// Source gives the bytes of one blob.
type Source interface {
	// Fetch opens the bytes from the offset from up to, and without, the offset to. The context
	// also ends reading. An error of kind Retry is worth another try.
	Fetch(ctx context.Context, from, to int64) (Part, error)
	// Name says for people where the bytes come from.
	Name() string
}

// Patience bounds how long Ensure bears with a source. The zero value of a field is its default.
type Patience struct {
	// Stall is how long no byte may arrive before the request is given up; default 30s.
	Stall time.Duration
	// Tries is how many requests in a row may fail without a single byte; default 6.
	Tries int
	// FirstPause is the pause after a failure, doubled with each one, up to MaxPause; default
	// 500ms and 30s. A registry that names a longer pause than MaxPause is left alone.
	FirstPause, MaxPause time.Duration
}

func (p Patience) withDefaults() Patience {
	if p.Stall == 0 {
		p.Stall = 30 * time.Second
	}
	if p.Tries == 0 {
		p.Tries = 6
	}
	if p.FirstPause == 0 {
		p.FirstPause = 500 * time.Millisecond
	}
	if p.MaxPause == 0 {
		p.MaxPause = 30 * time.Second
	}
	return p
}

// Store holds verified blobs under their digests, in the directory content of its root.
type Store struct {
	root     *durable.Root
	patience Patience
	chunk    int64 // ChunkBytes, or less in tests
}

// OpenStore opens the store below root (its directory content), creating it if it is missing.
func OpenStore(root *durable.Root) (*Store, error) { return OpenStoreWith(root, Patience{}) }

// OpenStoreWith is OpenStore with another patience.
func OpenStoreWith(root *durable.Root, patience Patience) (*Store, error) {
	for _, dir := range []string{blobDir, partialDir} {
		if err := root.MkdirAll(dir); err != nil {
			return nil, fmt.Errorf("opening the content store: %w", err)
		}
	}
	return &Store{root: root, patience: patience.withDefaults(), chunk: ChunkBytes}, nil
}

// Has tells whether the blob is in the store, whole and verified.
func (s *Store) Has(digest v1alpha1.Digest) bool {
	if len(digest.Hex()) != 64 {
		return false
	}
	_, err := s.root.Stat(blobName(digest))
	return err == nil
}

// Path gives the absolute path of a blob, for programs that must be given one. It says nothing
// about whether the blob is there.
func (s *Store) Path(digest v1alpha1.Digest) string { return s.root.Path(blobName(digest)) }

// Open opens a blob for reading. A blob that is not there is fs.ErrNotExist, of kind Internal:
// Ensure comes first.
func (s *Store) Open(digest v1alpha1.Digest) (*os.File, error) {
	f, err := s.root.OpenFile(blobName(digest), os.O_RDONLY, 0)
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "content.missing", "", "opening the blob %s", digest.Short())
	}
	return f, nil
}

// Missing gives how many bytes are still to be fetched to have all of the blobs: what an
// interrupted download left counts as there.
func (s *Store) Missing(descs []Descriptor) int64 {
	var missing int64
	seen := map[v1alpha1.Digest]bool{}
	for _, desc := range descs {
		if seen[desc.Digest] || s.Has(desc.Digest) {
			continue
		}
		seen[desc.Digest] = true
		missing += desc.Size
		if info, err := s.root.Stat(partialName(desc.Digest)); err == nil && info.Size() <= desc.Size {
			missing -= info.Size()
		}
	}
	return missing
}

// CheckRoom tells whether the store's file system has room for so many more bytes. Too little is
// an error of kind Wait, code content.no-room.
func (s *Store) CheckRoom(ctx context.Context, need int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	where := s.root.Path("content")
	free, err := durable.Free(where)
	if err != nil {
		return err
	}
	if need > free {
		return noRoom(nil, need, free, where)
	}
	return nil
}

func noRoom(cause error, need, free int64, where string) error {
	return &fault.Error{
		Kind: fault.Wait, Code: CodeNoRoom, Err: cause,
		What:   fmt.Sprintf("%s needs %s more, and %s are free", where, v1alpha1.Size(need).Human(), v1alpha1.Size(free).Human()),
		Remedy: "free some room on that file system; the download goes on where it ended",
	}
}

// GC removes the blobs, and the parts of blobs, that keep does not name, and gives the bytes
// freed. No Ensure of a blob that is not in keep may run meanwhile.
func (s *Store) GC(keep map[v1alpha1.Digest]bool) (freed int64, err error) {
	kept := map[string]bool{}
	for digest, wanted := range keep {
		kept[digest.Hex()] = wanted
	}
	for _, dir := range []string{blobDir, partialDir} {
		entries, readErr := s.root.ReadDir(dir)
		if readErr != nil {
			err = errors.Join(err, fmt.Errorf("clearing the content store: %w", readErr))
			continue
		}
		for _, entry := range entries {
			if kept[digestOfName(entry)] && !s.isStaleLock(entry) {
				continue
			}
			if info, statErr := entry.Info(); statErr == nil {
				freed += info.Size()
			}
			err = errors.Join(err, s.root.RemoveAll(dir+"/"+entry.Name()))
		}
	}
	return freed, err
}

// isStaleLock tells of the lock of a blob that is there: a kill between the blob's last rename and
// the lock's removal leaves it.
func (s *Store) isStaleLock(entry fs.DirEntry) bool {
	return strings.HasSuffix(entry.Name(), lockSuffix) && s.Has(v1alpha1.Digest("sha256:"+digestOfName(entry)))
}

func digestOfName(entry fs.DirEntry) string {
	if name := entry.Name(); len(name) >= 64 {
		return name[:64] // without the suffix of a lock
	}
	return ""
}

func blobName(digest v1alpha1.Digest) string    { return blobDir + "/" + digest.Hex() }
func partialName(digest v1alpha1.Digest) string { return partialDir + "/" + digest.Hex() }
