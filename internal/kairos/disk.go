package kairos

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
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
	// encrypted are the names, in the partition table, of the partitions that kairos-agent encrypts:
	// their labels are out of sight.
	encrypted []string
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
		if err := d.addPartition(ctx, runner, path); err != nil {
			return d, err
		}
	}
	return d, nil
}

func (d *disk) addPartition(ctx context.Context, runner command.Runner, path string) error {
	found, err := probePartition(ctx, runner, path)
	if err != nil {
		return err
	}
	if label := found["LABEL"]; label != "" {
		d.byLabel[label] = path
	}
	name := found["PART_ENTRY_NAME"]
	if found["TYPE"] == "crypto_LUKS" && slices.Contains(encryptedNames(), name) {
		d.encrypted = append(d.encrypted, name)
	}
	return nil
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

// probePartition asks the device itself (-p), not the cache that udev keeps, and gives what blkid
// says of it by blkid's names: LABEL, TYPE, PART_ENTRY_NAME. Nothing is known of a blank one.
func probePartition(ctx context.Context, runner command.Runner, path string) (map[string]string, error) {
	found := map[string]string{}
	_, err := runner.Run(ctx, command.Spec{
		Name: "blkid", Argv: []string{"blkid", "-p", "-o", "export", path}, Timeout: time.Minute,
		OnLine: func(line string) {
			if name, value, ok := strings.Cut(line, "="); ok {
				found[name] = value
			}
		},
	})
	var exit *command.ExitError
	if errors.As(err, &exit) && exit.Result.ExitCode == blkidNothing {
		return found, nil
	}
	if err != nil {
		return nil, fmt.Errorf("probing the partition %s: %w", path, err)
	}
	return found, nil
}

// encryptedNames are the names, in the partition table, of the partitions that a Kairos system may
// encrypt (kairos-agent: install.encrypted_partitions, and all but the EFI partition of a UKI system).
func encryptedNames() []string {
	return []string{constants.OEMPartName, constants.PersistentPartName}
}

// kairosLabels are those by which an installation is known. COS_GRUB is not among them: it may be
// shared.
func kairosLabels() []string {
	return []string{constants.OEMLabel, constants.RecoveryLabel, constants.StateLabel, constants.PersistentLabel}
}
