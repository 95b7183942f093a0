package content

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/zstd"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// fileBlock is the unit in which an image's file system gives room to a file.
const fileBlock = 4096

// maxWindow is the most memory that unpacking a zstd layer may need on a host: what
// `zstd --long=27` writes.
const maxWindow = 128 << 20

// measured is an archive as it lies on the disk.
type measured struct {
	content   v1alpha1.LayerContent
	mediaType string
}

// measure reads an archive once, from end to end, and says what it is and what room it needs.
func measure(ctx context.Context, path string, progress func(done, total int64)) (result measured, err error) {
	file, err := os.Open(path)
	if err != nil {
		return measured{}, fault.Wrap(err, fault.Input, "profile.archive", "check the layer's archive: key; it is relative to the profile's file", "opening a layer's archive")
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	if err != nil {
		return measured{}, fmt.Errorf("measuring the archive: %w", err)
	}
	sum, counted := sha256.New(), &countingReader{ctx: ctx, inner: file}
	counted.progress = func(done int64) { progress(done, info.Size()) }
	raw := bufio.NewReaderSize(io.TeeReader(counted, sum), copyBytes)
	mediaType, plain, closer, err := decompress(raw)
	if err == nil {
		result.content.UnpackedBytes, result.content.Files, err = countTar(plain)
		closer()
	}
	if err != nil {
		if ctx.Err() != nil {
			return measured{}, ctx.Err()
		}
		return measured{}, fault.Wrap(err, fault.Input, "profile.archive", "make the layer with tar and zstd (or gzip)", "the archive %s is not a compressed tar", path)
	}
	if _, err := io.Copy(io.Discard, raw); err != nil { // what follows the tar's end is part of the digest
		return measured{}, fmt.Errorf("measuring the archive: %w", err)
	}
	result.mediaType = mediaType
	result.content.Size = counted.done
	result.content.Digest = v1alpha1.Digest("sha256:" + hex.EncodeToString(sum.Sum(nil)))
	return result, nil
}

// decompress tells zstd from gzip by the first bytes, whatever the file's name says.
func decompress(raw *bufio.Reader) (mediaType string, plain io.Reader, closer func(), err error) {
	magic, err := raw.Peek(4)
	if err != nil {
		return "", nil, nil, fmt.Errorf("reading its first bytes: %w", err)
	}
	switch {
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		decoder, err := zstd.NewReader(raw, zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
		if err != nil {
			return "", nil, nil, err
		}
		return LayerZstd, decoder, decoder.Close, nil
	case magic[0] == 0x1f && magic[1] == 0x8b:
		decoder, err := gzip.NewReader(raw)
		if err != nil {
			return "", nil, nil, err
		}
		return LayerGzip, decoder, func() {}, nil
	}
	return "", nil, nil, fmt.Errorf("it begins with % x, which is neither zstd nor gzip", magic)
}

// countTar sums up the regular files, each rounded up to whole blocks, and counts the entries
// that need an inode. Hard links need neither.
func countTar(plain io.Reader) (unpacked, files int64, err error) {
	for entries := tar.NewReader(plain); ; {
		header, err := entries.Next()
		switch {
		case errors.Is(err, io.EOF):
			_, err := io.Copy(io.Discard, plain)
			return unpacked, files, err
		case err != nil:
			return 0, 0, err
		}
		switch header.Typeflag {
		case tar.TypeLink, tar.TypeXGlobalHeader:
			continue
		case tar.TypeReg:
			unpacked += (header.Size + fileBlock - 1) / fileBlock * fileBlock
		}
		files++
	}
}

// countingReader counts what passes, and ends when its context does.
type countingReader struct {
	ctx      context.Context //nolint:containedctx // lives as long as one pass over a file
	inner    io.Reader
	done     int64
	progress func(done int64)
}

func (r *countingReader) Read(buf []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := r.inner.Read(buf)
	r.done += int64(n)
	r.progress(r.done)
	return n, err
}
