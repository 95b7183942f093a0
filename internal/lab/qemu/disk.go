package qemu

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/stylet-edge/stylet/internal/lab/process"
)

// The 4 MiB build of OVMF, as Debian ships it. Without Secure Boot's keys: our GRUB is unsigned.
const (
	FirmwareCode = "/usr/share/OVMF/OVMF_CODE_4M.fd"
	firmwareVars = "/usr/share/OVMF/OVMF_VARS_4M.fd"
)

// FreshVars makes (or empties) a machine's own firmware variables. They are kept between the
// boots: with kept ones the firmware takes 3.5 s, with fresh ones 10 s.
func FreshVars(path string) error { return CopyFile(path, firmwareVars) }

// CopyFile copies a small file.
func CopyFile(to, from string) error {
	src, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("copying: %w", err)
	}
	defer src.Close()
	dst, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o644)
	if err != nil {
		return fmt.Errorf("copying: %w", err)
	}
	_, err = io.Copy(dst, src)
	if closed := dst.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("copying %s to %s: %w", from, to, err)
	}
	return nil
}

// CreateDisk makes an empty disk that takes room only for what is written.
func CreateDisk(ctx context.Context, path string, bytes int64) error {
	_, err := process.Output(ctx, "qemu-img", "create", "-q", "-f", "qcow2", path, strconv.FormatInt(bytes, 10))
	return err
}

// CreateOverlay makes a disk that starts as the other one, of a format, is now. The other one must
// not be written to any more.
func CreateOverlay(ctx context.Context, path, backing, format string) error {
	_, err := process.Output(ctx, "qemu-img", "create", "-q", "-f", "qcow2", "-F", format, "-b", backing, path)
	return err
}

// SameContent tells whether two disks hold the same bytes.
func SameContent(ctx context.Context, one, other string) (bool, error) {
	_, err := process.Output(ctx, "qemu-img", "compare", "-f", "qcow2", "-F", "qcow2", one, other)
	if process.ExitCode(err) == 1 { // 1: they differ; more: they could not be compared
		return false, nil
	}
	return err == nil, err
}

// Extract copies length bytes from offset of a disk into a raw file with holes.
func Extract(ctx context.Context, disk string, offset, length int64, raw string) error {
	source := fmt.Sprintf("driver=raw,offset=%d,size=%d,file.driver=qcow2,file.file.driver=file,file.file.filename=%s", offset, length, disk)
	_, err := process.Output(ctx, "qemu-img", "convert", "-U", "-O", "raw", "--image-opts", source, raw)
	return err
}
