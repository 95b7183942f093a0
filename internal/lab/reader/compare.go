package reader

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Checkpoint is one look at a host by all three ways.
type Checkpoint struct {
	Status  v1alpha1.HostStatus
	Running Running
	// Disk is the disk right after the two others were read.
	Disk Disk
}

// Difference is a disagreement between stylet and an independent reader.
type Difference struct {
	// What differs, who says otherwise, and the two values.
	What, Reader, Status, Seen string
}

func (d Difference) String() string {
	return fmt.Sprintf("%s: stylet status says %q, the %s says %q", d.What, d.Status, d.Reader, d.Seen)
}

// The readers, as differences name them.
const (
	byConsole = "serial console"
	byDisk    = "mounted slot"
)

// Compare lists everything in which stylet's status and the readers disagree: slot, image, trial,
// refused revision and its cause.
func (c Checkpoint) Compare() []Difference {
	var found []Difference
	differ := func(what, reader, status, seen string) {
		if status != seen {
			found = append(found, Difference{What: what, Reader: reader, Status: status, Seen: seen})
		}
	}
	run := c.Status.Running
	differ("slot", byConsole, string(run.Slot), string(c.Running.Slot))
	differ("slot that GRUB chose", byConsole, string(run.Slot), string(c.Running.Boot.Slot))
	differ("image", byConsole, string(run.Image), string(c.Running.Image))
	differ("image", byDisk, string(run.Image), string(c.Disk.Slots[run.Slot].Image))
	differ("label of the slot", byDisk, "COS_"+strings.ToUpper(string(run.Slot)), c.Disk.Slots[run.Slot].Label)
	trial, try := "", ""
	if t := c.Status.Trial; t != nil {
		trial, try = t.Revision.Short(), strconv.Itoa(t.Try)
		differ("trial", byConsole, trial, c.Running.Boot.Trial)
		differ("try", byConsole, try, strconv.Itoa(c.Running.Boot.Try))
	}
	differ("trial", byDisk, trial, c.Disk.Env["stylet_trial"])
	differ("try", byDisk, try, c.Disk.Env["stylet_try"])
	good := c.Disk.Env["stylet_good"]
	if good == "" {
		good = string(v1alpha1.SlotActive)
	}
	if trial == "" {
		differ("slot of the next boot", byDisk, string(run.Slot), good)
	}
	return append(found, c.compareRefusals()...)
}

// compareRefusals compares what stylet refuses with the traces that a failed trial leaves: GRUB's
// word when the tries were used up, and a failed image left behind in the active slot while
// passive runs.
func (c Checkpoint) compareRefusals() []Difference {
	var found []Difference
	if id := c.Running.Boot.Failed; id != "" {
		code := "not refused"
		for _, r := range c.Status.Refused {
			if r.Revision.Short() == id {
				code = r.Code
			}
		}
		if code != "trial.boot-failed" {
			found = append(found, Difference{What: "refused revision " + id, Reader: byConsole, Status: code, Seen: "trial.boot-failed"})
		}
	}
	if c.Status.Running.Slot != v1alpha1.SlotPassive || c.Status.Trial != nil {
		return found
	}
	left := c.Disk.Slots[v1alpha1.SlotActive].Image
	for _, r := range c.Status.Refused {
		if r.Image == left {
			return found
		}
	}
	return append(found, Difference{
		What: "refused image", Reader: byDisk, Status: refusedImages(c.Status.Refused),
		Seen: left.Short() + " left in the active slot",
	})
}

func refusedImages(refused []v1alpha1.RefusedRevision) string {
	var ids []string
	for _, r := range refused {
		ids = append(ids, r.Image.Short())
	}
	return strings.Join(ids, " ")
}
