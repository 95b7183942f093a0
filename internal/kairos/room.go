package kairos

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

const mib = 1 << 20

// stateReserve is what a layout keeps on COS_STATE beside three images: the file system's own
// structures, GRUB and kairos-agent's files (facts/kairos-contract.md, section 4.3).
const stateReserve = 1000 * mib

// StateRoom is the room on COS_STATE, in bytes.
type StateRoom struct {
	// Size is the size of its partition.
	Size int64
	// Largest is the biggest image that the layout can ever hold: an upgrade keeps three.
	Largest int64
	// Free is what kairos-agent, which is root, can write now; the left-over of a broken upgrade
	// counts as free, since a switch removes it first.
	Free int64
}

// StateRoom measures COS_STATE.
func (h Host) StateRoom(context.Context) (StateRoom, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(h.stateDir(), &st); err != nil {
		return StateRoom{}, fmt.Errorf("measuring the room for images: %s: %w", h.stateDir(), err)
	}
	room := StateRoom{Size: int64(st.Blocks) * st.Bsize, Free: int64(st.Bfree) * st.Bsize}
	if size := partitionSize(h.stateDir()); size > 0 {
		room.Size = size
	}
	room.Largest = max(0, (room.Size-stateReserve)/3)
	if info, err := os.Stat(h.transition()); err == nil {
		room.Free += info.Size()
	}
	return room, nil
}

// partitionSize asks sysfs for the block device below dir; 0 when there is none. statfs leaves the
// file system's own structures out, which the reserve already counts.
func partitionSize(dir string) int64 {
	var st unix.Stat_t
	if err := unix.Stat(dir, &st); err != nil {
		return 0
	}
	name := fmt.Sprintf("%d:%d", unix.Major(st.Dev), unix.Minor(st.Dev))
	data, err := os.ReadFile(filepath.Join("/sys/dev/block", name, "size"))
	if err != nil {
		return 0
	}
	sectors, err := strconv.ParseInt(strings.TrimSpace(string(data)), 10, 64)
	if err != nil {
		return 0
	}
	return sectors * 512 // the unit of this file, whatever the disk's sectors are
}

// checkFree says so when kairos-agent, which would copy the file, could not end.
func (h Host) checkFree(ctx context.Context, image string) error {
	info, err := os.Stat(image)
	if err != nil {
		return fmt.Errorf("measuring the image: %w", err)
	}
	room, err := h.StateRoom(ctx)
	if err != nil {
		return err
	}
	if info.Size() > room.Free {
		return fault.New(fault.Wait, CodeNoRoom,
			"look for files that do not belong on COS_STATE and remove them",
			"an image of %s does not fit now: COS_STATE has %s free", inMiB(info.Size()), inMiB(room.Free))
	}
	return nil
}

// CodeNoRoom is the fault code of a switch for which COS_STATE has no room.
const CodeNoRoom = "switch.no-room"

// inMiB rounds for people.
func inMiB(bytes int64) string { return v1alpha1.Size(bytes / mib * mib).String() }
