package compose

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/stylet-edge/stylet/internal/base/durable"
)

const partialSuffix = ".partial"

// removeLeftovers takes away what a killed run left: its mount, its loop device, its unfinished
// image. The caller holds the lock, so every unfinished image in the directory is one.
func removeLeftovers(ctx context.Context, dir *durable.Root, mountDir string) error {
	if err := unmountAll(ctx, func(m mountEntry) bool { return m.dir == mountDir }); err != nil {
		return err
	}
	entries, err := dir.ReadDir(".")
	if err != nil {
		return fmt.Errorf("removing what a killed run left: %w", err)
	}
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), partialSuffix) {
			continue
		}
		err := release(ctx, dir.Path(entry.Name()))
		if err == nil {
			err = dir.RemoveAll(entry.Name())
		}
		if err != nil {
			return fmt.Errorf("removing what a killed run left: %w", err)
		}
	}
	return nil
}

// release ends every use of the file as a loop device. Devices with other files behind them are
// other people's, and are never touched.
func release(ctx context.Context, file string) error {
	var st unix.Stat_t
	if err := unix.Stat(file, &st); err != nil {
		return &fs.PathError{Op: "stat", Path: file, Err: err}
	}
	devices, err := filepath.Glob("/dev/loop[0-9]*")
	if err != nil {
		return err
	}
	for _, device := range devices {
		if err := releaseDevice(ctx, device, st); err != nil {
			return fmt.Errorf("releasing %s: %w", device, err)
		}
	}
	return nil
}

func releaseDevice(ctx context.Context, path string, file unix.Stat_t) error {
	device, err := os.OpenFile(path, os.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil // a node without a device behind it
	}
	defer func() { _ = device.Close() }()
	info, err := unix.IoctlLoopGetStatus64(int(device.Fd()))
	if err != nil || info.Device != file.Dev || info.Inode != file.Ino {
		return nil // not in use, or not ours
	}
	number := strconv.FormatUint(uint64(info.Number), 10)
	if err := unmountAll(ctx, func(m mountEntry) bool { return m.device == "7:"+number }); err != nil {
		return err
	}
	err = unix.IoctlSetInt(int(device.Fd()), unix.LOOP_CLR_FD, 0)
	if errors.Is(err, unix.ENXIO) {
		return nil // it went with its mount
	}
	return err
}

// mountEntry is a line of /proc/self/mountinfo (proc_pid_mountinfo(5)).
type mountEntry struct {
	device string // major:minor
	dir    string
}

// unmountAll unmounts what matches, the latest first.
func unmountAll(ctx context.Context, match func(mountEntry) bool) error {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return fmt.Errorf("listing the mounts: %w", err)
	}
	defer func() { _ = f.Close() }()
	var found []string
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if m, ok := parseMount(lines.Text()); ok && match(m) {
			found = append(found, m.dir)
		}
	}
	for _, dir := range slices.Backward(found) {
		if err := unmount(ctx, dir); err != nil {
			return err
		}
	}
	return nil
}

func parseMount(line string) (mountEntry, bool) {
	// Exactly one blank stands between two fields. A name may hold other characters that count as
	// space elsewhere, and the kernel leaves those as they are.
	fields := strings.Split(line, " ")
	if len(fields) < 5 {
		return mountEntry{}, false
	}
	// The kernel writes blanks and backslashes as three octal digits.
	dir := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(fields[4])
	return mountEntry{device: fields[2], dir: dir}, true
}
