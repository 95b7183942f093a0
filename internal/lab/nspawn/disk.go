package nspawn

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/kairos"
	"github.com/stylet-edge/stylet/internal/lab/process"
)

// The partitions of a machine, each a sparse file that holds an ext4 file system.
const (
	stateDisk      = "state.img"
	oemDisk        = "oem.img"
	persistentDisk = "persistent.img"
)

// stateSize is COS_STATE: the layout's reserve of 1000 MiB and three images of 600 MiB.
const (
	stateSize      = "2800M"
	oemSize        = "64M"
	persistentSize = "4G"
	slotSize       = "320M" // of the installer's image
)

// install makes the disks as they are after an installation: both slots hold the installer's
// image, the boot environment is fresh, and the user-data lies on COS_OEM.
func (m *Machine) install(ctx context.Context, s System, userData string) error {
	staging := filepath.Join(m.dir, "staging")
	slots := filepath.Join(staging, "state", "cOS")
	oem := filepath.Join(staging, "oem")
	for _, dir := range []string{slots, oem} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	if _, err := process.Output(ctx, s.Stylet, "setup", "--root", s.tree()); err != nil {
		return err
	}
	active, passive := filepath.Join(slots, "active.img"), filepath.Join(slots, "passive.img")
	for _, argv := range [][]string{
		{"mke2fs", "-q", "-t", "ext2", "-m", "0", "-L", "COS_ACTIVE", "-d", s.tree(), active, slotSize},
		{"cp", "--sparse=always", active, passive},
		{"tune2fs", "-L", "COS_PASSIVE", passive},
	} {
		if _, err := process.Output(ctx, argv...); err != nil {
			return err
		}
	}
	if err := kairos.PrepareBoot(ctx, command.Local{}, filepath.Join(staging, "state")); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(oem, "90_custom.yaml"), []byte(userData), 0o600); err != nil {
		return err
	}
	for _, argv := range [][]string{
		{"mke2fs", "-q", "-t", "ext4", "-L", "COS_STATE", "-d", filepath.Join(staging, "state"), m.disk(stateDisk), stateSize},
		{"mke2fs", "-q", "-t", "ext4", "-L", "COS_OEM", "-d", oem, m.disk(oemDisk), oemSize},
		{"mke2fs", "-q", "-t", "ext4", "-L", "COS_PERSISTENT", m.disk(persistentDisk), persistentSize},
	} {
		if _, err := process.Output(ctx, argv...); err != nil {
			return err
		}
	}
	return os.RemoveAll(staging)
}

func (m *Machine) disk(name string) string { return filepath.Join(m.dir, name) }

// readFile reads a file of a disk that is not mounted, as GRUB does: without the journal.
func (m *Machine) readFile(ctx context.Context, disk, name string) ([]byte, error) {
	data, err := process.Output(ctx, "debugfs", "-R", "cat "+name, m.disk(disk))
	if err != nil {
		return nil, fmt.Errorf("reading %s of %s: %w", name, disk, err)
	}
	return data, nil
}

var blockNumber = regexp.MustCompile(`^\d+$`)

// overwriteBlock writes the first block of a file in its place, as GRUB's save_env does.
func (m *Machine) overwriteBlock(ctx context.Context, disk, name string, data []byte) (err error) {
	out, err := process.Output(ctx, "debugfs", "-R", "bmap "+name+" 0", m.disk(disk))
	if err != nil {
		return fmt.Errorf("finding the block of %s: %w", name, err)
	}
	text := string(bytes.TrimSpace(out))
	if !blockNumber.MatchString(text) {
		return fmt.Errorf("finding the block of %s: debugfs says %q", name, text)
	}
	block, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(m.disk(disk), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = f.WriteAt(data, block*4096)
	return err
}

// loop is a loop device of the host.
type loop struct {
	Name string `json:"name"`
	// Inode and Device are those of the file behind it. Its name does not tell: it is as the mount
	// namespace saw it that attached it, and another one while that namespace comes to its end.
	Inode  uint64 `json:"back-ino"`
	Device string `json:"back-maj:min"`
	File   string `json:"back-file"`
	// Autoclear: it goes with its last user, and so with a mount that ends.
	Autoclear bool `json:"autoclear"`
}

// loops gives the loop devices that hold this machine's disks, and those that hold files which
// lie on one of these disks.
func (m *Machine) loops(ctx context.Context) (disks, inner []loop, err error) {
	out, err := process.Output(ctx, "losetup", "--list", "--json", "--output", "NAME,BACK-INO,BACK-MAJ:MIN,BACK-FILE,AUTOCLEAR")
	if err != nil || len(bytes.TrimSpace(out)) == 0 {
		return nil, nil, err
	}
	var list struct {
		Devices []loop `json:"loopdevices"`
	}
	if err := json.Unmarshal(out, &list); err != nil {
		return nil, nil, fmt.Errorf("reading the list of loop devices: %w", err)
	}
	files, err := m.diskInodes()
	if err != nil {
		return nil, nil, err
	}
	ours := map[string]bool{}
	for _, l := range list.Devices {
		if files[fmt.Sprintf("%s %d", strings.TrimSpace(l.Device), l.Inode)] {
			disks = append(disks, l)
			ours["7:"+l.Name[len("/dev/loop"):]] = true
		}
	}
	for _, l := range list.Devices {
		if ours[strings.TrimSpace(l.Device)] {
			inner = append(inner, l)
		}
	}
	return disks, inner, nil
}

// diskInodes names the disks as loops does.
func (m *Machine) diskInodes() (map[string]bool, error) {
	inodes := map[string]bool{}
	for _, name := range []string{stateDisk, oemDisk, persistentDisk} {
		var st unix.Stat_t
		if err := unix.Stat(m.disk(name), &st); err != nil {
			return nil, fmt.Errorf("looking at %s: %w", m.disk(name), err)
		}
		inodes[fmt.Sprintf("%d:%d %d", unix.Major(st.Dev), unix.Minor(st.Dev), st.Ino)] = true
	}
	return inodes, nil
}

// LoopsInside lists the files on the machine's disks that are in use as loop devices.
func (m *Machine) LoopsInside(ctx context.Context) ([]string, error) {
	_, inner, err := m.loops(ctx)
	var files []string
	for _, l := range inner {
		files = append(files, l.File)
	}
	return files, err
}

// settled waits until the disks are in nobody's hands, as when the power is off. Loop devices over
// files on the disks that would stay, and that a real machine would lose with its power, are
// detached; it gives how many there were.
func (m *Machine) settled(ctx context.Context) (leaked int, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, settleTime, errors.New("the disks are still in use"))
	defer cancel()
	tick := time.NewTicker(pollTime)
	defer tick.Stop()
	for {
		disks, inner, err := m.loops(ctx)
		if err != nil || len(disks) == 0 {
			return leaked, err
		}
		for _, l := range inner {
			if l.Autoclear {
				continue
			}
			if _, err := process.Output(ctx, "losetup", "--detach", l.Name); err == nil {
				leaked++
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return leaked, fmt.Errorf("%w: %v", context.Cause(ctx), disks)
		}
	}
}

const (
	settleTime = 20 * time.Second
	pollTime   = 50 * time.Millisecond
)
