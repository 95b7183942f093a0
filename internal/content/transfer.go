package content

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/base/killpoint"
)

// ChunkBytes is the most that one request asks for, and so the most that a cut can cost twice:
// what lies on the disk is synced after each chunk.
const ChunkBytes = 4 << 20

// copyBytes is the size of the one buffer of a transfer.
const copyBytes = 128 << 10

// transfer is one download: the partial file, and the hash of the bytes in it.
type transfer struct {
	store    *Store
	want     Descriptor
	src      Source
	progress func(int64)

	file *os.File
	hash hash.Hash
	done int64 // bytes in the file and in the hash
	buf  []byte
}

// run opens what is there, fetches what is missing and compares the digest. It leaves the partial
// file with all bytes of the blob; they are synced, since each fetch syncs what it wrote, and
// since what was there before is synced when it is opened.
func (t *transfer) run(ctx context.Context) (err error) {
	if err := t.open(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.file.Close()) }()
	t.progress(t.done)
	if t.done < t.want.Size {
		if err := t.store.CheckRoom(ctx, t.want.Size-t.done); err != nil {
			return err
		}
	}
	if err := t.fetchAll(ctx); err != nil {
		return err
	}
	if got := hex.EncodeToString(t.hash.Sum(nil)); got != t.want.Digest.Hex() {
		return fmt.Errorf("the digest of the %d bytes is sha256:%s: %w", t.done, got, errWrongBytes)
	}
	return nil
}

// open opens the partial file and hashes what an earlier transfer left in it.
func (t *transfer) open(ctx context.Context) error {
	name := partialName(t.want.Digest)
	file, err := t.store.root.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("opening the partial file: %w", err)
	}
	t.file, t.hash, t.done = file, sha256.New(), 0
	if t.buf == nil {
		t.buf = make([]byte, copyBytes)
	}
	err = t.readBack(ctx)
	if err == nil {
		err = unix.Fdatasync(int(file.Fd()))
	}
	if err == nil {
		err = t.store.root.SyncDir(partialDir) // a file without a name would be no use after a cut
	}
	if err != nil {
		return errors.Join(fmt.Errorf("reading what was fetched before: %w", err), file.Close())
	}
	return nil
}

func (t *transfer) readBack(ctx context.Context) error {
	info, err := t.file.Stat()
	if err != nil {
		return err
	}
	if info.Size() > t.want.Size {
		return t.file.Truncate(0)
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := t.file.Read(t.buf)
		t.hash.Write(t.buf[:n])
		t.done += int64(n)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// take writes what a part holds of the blob's missing bytes up to end, and syncs after each
// chunk. It returns early, with what it got synced, when the part breaks off.
func (t *transfer) take(part io.Reader, watch *stallWatch, end int64) error {
	for unsynced := int64(0); t.done < end; {
		watch.start()
		n, readErr := part.Read(t.buf[:min(int64(len(t.buf)), end-t.done, t.store.chunk-unsynced)])
		watch.stop()
		if err := t.write(t.buf[:n]); err != nil {
			return err
		}
		unsynced += int64(n)
		broken := readErr != nil && t.done < end
		if unsynced == t.store.chunk || t.done == end || broken {
			if err := t.sync(); err != nil {
				return err
			}
			unsynced = 0
		}
		if broken {
			return brokenOff(t.src, readErr)
		}
	}
	return nil
}

func (t *transfer) write(data []byte) error {
	if len(data) == 0 {
		return nil
	}
	if _, err := t.file.WriteAt(data, t.done); err != nil {
		return t.writeFailed(err)
	}
	t.hash.Write(data)
	t.done += int64(len(data))
	t.progress(t.done)
	return nil
}

func (t *transfer) sync() error {
	killpoint.Reach("content.chunk")
	if err := unix.Fdatasync(int(t.file.Fd())); err != nil {
		return t.writeFailed(err)
	}
	killpoint.Reach("content.chunk-synced")
	return nil
}

func (t *transfer) writeFailed(err error) error {
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		where := t.store.root.Path("content")
		free, freeErr := durable.Free(where)
		return noRoom(errors.Join(err, freeErr), t.want.Size-t.done, free, where)
	}
	return fault.Wrap(err, fault.Internal, "content.write", "look for disk errors with `dmesg`", "writing what was fetched")
}
