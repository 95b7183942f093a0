package compose

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

const (
	// finalLabel is what Kairos calls the active image; kairos-agent sets it again.
	finalLabel = "COS_ACTIVE"
	// mountedLabel is the label while the image is mounted: the host runs from a file system
	// named COS_ACTIVE, and for udev a second one could take its place.
	mountedLabel = "STYLET_COMPOSE"
	// features are fixed, whatever the host's mke2fs.conf says: what GRUB and every kernel read.
	features = "none,sparse_super,large_file,filetype,dir_index,ext_attr"
	// keepFree stays free on the file system that holds the images.
	keepFree = 64 * mib
)

// makeFile makes the empty file system and gives its size. All room is taken at once: a loop
// device over a file that cannot grow fails only when the kernel writes back, file by file.
func (c *composition) makeFile(ctx context.Context) (int64, error) {
	contents := make([]v1alpha1.LayerContent, 0, len(c.Layers))
	for _, l := range c.Layers {
		contents = append(contents, *l.Layer.Content)
	}
	size := SizeFor(contents, c.AgentBytes)
	_, entries := totals(contents, c.AgentBytes)
	free, err := durable.Free(c.dir.Path("."))
	if err != nil {
		return 0, err
	}
	if free < size+keepFree {
		return 0, noRoom(size, free)
	}
	if err := c.reserve(size, free); err != nil {
		return 0, err
	}
	return size, c.format(ctx, inodesFor(entries))
}

func noRoom(size, free int64) error {
	return fault.New(fault.Wait, CodeNoRoom, "make room on the persistent partition",
		"the image needs %d MiB and %d MiB beside it, and %d MiB are free", size/mib, keepFree/mib, free/mib)
}

func (c *composition) reserve(size, free int64) (err error) {
	f, err := c.dir.OpenFile(c.partial(), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("making the image file: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	err = unix.Fallocate(int(f.Fd()), 0, 0, size)
	switch {
	case errors.Is(err, unix.ENOSPC):
		return noRoom(size, free)
	case errors.Is(err, unix.EOPNOTSUPP):
		err = f.Truncate(size)
	}
	if err != nil {
		return fmt.Errorf("making the image file: %w", err)
	}
	return nil
}

// format writes the empty file system. UUID and hash seed come from the image ID.
func (c *composition) format(ctx context.Context, inodes int64) error {
	id := uuidOf(c.Manifest.ID())
	_, err := c.Runner.Run(ctx, command.Spec{
		Name: "compose-format",
		Argv: []string{
			"mke2fs", "-q", "-F", "-t", "ext2", "-O", features,
			"-b", strconv.Itoa(blockBytes), "-I", strconv.Itoa(inodeBytes), "-N", strconv.FormatInt(inodes, 10),
			"-m", "0", "-U", id, "-L", mountedLabel,
			"-E", "hash_seed=" + id + ",lazy_itable_init=0,nodiscard,root_owner=0:0",
			c.dir.Path(c.partial()),
		},
	})
	if err != nil {
		return fmt.Errorf("formatting the image: %w", err)
	}
	return nil
}

// checkAndLabel has the unmounted file system checked, and gives it the label under which it
// boots.
func (c *composition) checkAndLabel(ctx context.Context, file string) error {
	if _, err := c.Runner.Run(ctx, command.Spec{
		Name: "compose-check", Argv: []string{"e2fsck", "-fn", file}, Timeout: 20 * time.Minute,
	}); err != nil {
		return fmt.Errorf("checking the image: %w", err)
	}
	if _, err := c.Runner.Run(ctx, command.Spec{
		Name: "compose-label", Argv: []string{"tune2fs", "-L", finalLabel, file},
	}); err != nil {
		return fmt.Errorf("labelling the image: %w", err)
	}
	return nil
}

// uuidOf makes a UUID (RFC 9562, version 8: vendor-specific) of a digest.
func uuidOf(d v1alpha1.Digest) string {
	b := []byte(d.Hex()[:32])
	b[12] = '8'
	b[16] = "89ab"[b[16]%4]
	return fmt.Sprintf("%s-%s-%s-%s-%s", b[:8], b[8:12], b[12:16], b[16:20], b[20:])
}
