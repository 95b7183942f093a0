package compose

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// maxWindow bounds the memory of the zstd decoder; `zstd --ultra -22` needs as much.
const maxWindow = 128 * mib

// layerStream reads the tar of a layer out of its compressed blob. Decompression, and the digest
// of the blob, run in a goroutine of their own, a few chunks ahead of the reader.
type layerStream struct {
	layer v1alpha1.Layer
	file  *os.File
	raw   *meter
	ahead *readAhead
	// end closes the decompressor.
	end func()
}

// openLayer opens a layer's blob. consumed is told of each piece of compressed input.
func openLayer(ctx context.Context, lf LayerFile, consumed func(n int)) (*layerStream, error) {
	f, err := os.Open(lf.Path)
	if err != nil {
		return nil, damaged(lf.Layer, err, "its blob cannot be opened")
	}
	raw := &meter{ctx: ctx, from: f, sum: sha256.New(), consumed: consumed}
	s := &layerStream{layer: lf.Layer, file: f, raw: raw, end: func() {}}
	unpacked, err := s.decompress(bufio.NewReaderSize(raw, mib))
	if err != nil {
		return nil, errors.Join(s.explain(err, 0), f.Close())
	}
	s.ahead = startReadAhead(unpacked)
	return s, nil
}

// decompress picks the decompressor by the blob's first bytes.
func (s *layerStream) decompress(raw *bufio.Reader) (io.Reader, error) {
	magic, err := raw.Peek(4)
	if err != nil {
		return nil, fmt.Errorf("reading its first bytes: %w", err)
	}
	switch {
	case string(magic) == "\x28\xb5\x2f\xfd":
		// One decoder goroutine, ours: a second one costs more in hand-overs than it gains
		// when the reader and the hasher are busy too.
		d, err := zstd.NewReader(raw, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, err
		}
		s.end = d.Close
		return d, nil
	case string(magic[:2]) == "\x1f\x8b":
		return gzip.NewReader(raw)
	}
	return nil, fmt.Errorf("it is neither zstd nor gzip (first bytes %x)", magic)
}

// Read gives the bytes of the tar.
func (s *layerStream) Read(p []byte) (int, error) { return s.ahead.Read(p) }

// finish reads what is left of the blob, and checks that the blob is the one that was declared.
func (s *layerStream) finish() error {
	s.ahead.stop()
	if _, err := io.Copy(io.Discard, s.raw); err != nil {
		if s.raw.ctx.Err() != nil {
			return fmt.Errorf("reading the layer %s: %w", s.layer.Name, err)
		}
		return damaged(s.layer, err, "its blob cannot be read")
	}
	got := v1alpha1.Digest("sha256:" + hex.EncodeToString(s.raw.sum.Sum(nil)))
	if got != s.layer.Content.Digest {
		return damaged(s.layer, nil, "its blob has the digest "+string(got)+" instead of "+string(s.layer.Content.Digest))
	}
	return nil
}

// explain says whose fault an unreadable stream is: the blob has rotted on this host, or it was
// packed like that. offset counts bytes of the unpacked tar.
func (s *layerStream) explain(err error, offset int64) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("reading the layer %s: %w", s.layer.Name, err)
	}
	if s.ahead == nil {
		s.ahead = startReadAhead(errReader{err})
	}
	if blobErr := s.finish(); blobErr != nil {
		return blobErr
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("it ends too early")
	}
	return fault.Wrap(err, fault.Input, CodeRejected, "build the layer anew, and push the profile",
		"reading the layer %s: its archive is not readable at byte %d", s.layer.Name, offset)
}

func (s *layerStream) close() {
	s.ahead.stop()
	s.end()
	_ = s.file.Close()
}

// damaged says that a blob of the content store must be fetched anew.
func damaged(layer v1alpha1.Layer, err error, what string) error {
	const code, remedy = "compose.layer-damaged", "the layer is downloaded again; if that repeats, replace the disk"
	if err == nil {
		return fault.New(fault.Retry, code, remedy, "reading the layer %s: %s", layer.Name, what)
	}
	return fault.Wrap(err, fault.Retry, code, remedy, "reading the layer %s: %s", layer.Name, what)
}

// meter hashes and reports what is read, and ends with the context.
type meter struct {
	ctx      context.Context //nolint:containedctx // an io.Reader has no other way to end early
	from     io.Reader
	sum      hash.Hash
	consumed func(n int)
}

func (m *meter) Read(p []byte) (int, error) {
	if err := m.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := m.from.Read(p)
	m.sum.Write(p[:n])
	m.consumed(n)
	return n, err
}

type errReader struct{ err error }

func (e errReader) Read([]byte) (int, error) { return 0, e.err }
