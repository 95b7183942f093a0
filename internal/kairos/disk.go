package kairos

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/kairos-io/kairos-sdk/constants"

	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/base/fault"
)

// blkidNothing is blkid's exit status for a device on which it knows nothing.
const blkidNothing = 2

// disk is a whole disk as sysfs and blkid show it.
type disk struct {
	node string // /dev/sda
	size int64  // bytes
	// byLabel are the partitions by the label of their file system.
	byLabel map[string]string
}

// readDisk looks at the device, which may be a link such as those below /dev/disk/by-id.
func readDisk(ctx context.Context, runner command.Runner, device string) (disk, error) {
	node, err := filepath.EvalSymlinks(device)
	if err != nil {
		return disk{}, fault.Wrap(err, fault.Input, "install.no-device", "look at `stylet probe` for the drives of this host",
			"looking for the drive %s", device)
	}
	d := disk{node: node, byLabel: map[string]string{}}
	sys := filepath.Join("/sys/class/block", filepath.Base(node))
	if d.size, err = readSectors(filepath.Join(sys, "size")); err != nil {
		return d, fault.Wrap(err, fault.Input, "install.no-device", "name a whole drive", "looking at the drive %s", device)
	}
	if _, err := os.Stat(filepath.Join(sys, "partition")); err == nil {
		return d, fault.New(fault.Input, "install.no-device", "name a whole drive", "%s is a partition", device)
	}
	parts, err := filepath.Glob(filepath.Join(sys, filepath.Base(node)+"*", "partition"))
	if err != nil {
		return d, fmt.Errorf("looking for partitions of %s: %w", node, err)
	}
	for _, part := range parts {
		path := filepath.Join(filepath.Dir(node), filepath.Base(filepath.Dir(part)))
		label, err := labelOnDisk(ctx, runner, path)
		if err != nil {
			return d, err
		}
		if label != "" {
			d.byLabel[label] = path
		}
	}
	return d, nil
}

func readSectors(path string) (int64, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	sectors, err := strconv.ParseInt(strings.TrimSpace(string(data)), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("reading %s: %w", path, err)
	}
	return sectors * 512, nil // sysfs counts in these, whatever the disk's sectors are
}

// labelOnDisk asks the device itself (-p), not the cache that udev keeps.
func labelOnDisk(ctx context.Context, runner command.Runner, path string) (string, error) {
	label := ""
	_, err := runner.Run(ctx, command.Spec{
		Name: "blkid", Argv: []string{"blkid", "-p", "-o", "export", path}, Timeout: time.Minute,
		OnLine: func(line string) {
			if value, ok := strings.CutPrefix(line, "LABEL="); ok {
				label = value
			}
		},
	})
	var exit *command.ExitError
	if errors.As(err, &exit) && exit.Result.ExitCode == blkidNothing {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("reading the label of %s: %w", path, err)
	}
	return label, nil
}

// kairosLabels are those by which an installation is known. COS_GRUB is not among them: it may be
// shared.
func kairosLabels() []string {
	return []string{constants.OEMLabel, constants.RecoveryLabel, constants.StateLabel, constants.PersistentLabel}
}
