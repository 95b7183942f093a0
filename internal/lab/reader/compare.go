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
	// Verdicts are all that the host's consoles have said since it was blank, by the trial's short
	// name.
	Verdicts map[string]Verdict
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
	found = append(found, c.compareVerdicts()...)
	return append(found, c.compareLeftImage()...)
}

// compareVerdicts compares what stylet refuses, and why, with what was said on the console when each
// trial failed: by the failed system before it went back, and by GRUB when the tries were used up.
// A revision that was refused without a trial has no verdict.
func (c Checkpoint) compareVerdicts() []Difference {
	var found []Difference
	differ := func(id, status, seen string) {
		found = append(found, Difference{What: "cause of the refusal of " + id, Reader: byConsole, Status: status, Seen: seen})
	}
	refused := map[string]bool{}
	for _, r := range c.Status.Refused {
		id := r.Revision.Short()
		refused[id] = true
		switch verdict, said := c.Verdicts[id]; {
		case !said && strings.HasPrefix(r.Code, "trial."):
			differ(id, r.Code, "nothing")
		case said && verdict.Code != r.Code:
			differ(id, r.Code, verdict.Code)
		case said && !verdict.agrees(r.Cause):
			differ(id, r.Cause, verdict.Cause)
		}
	}
	for id, verdict := range c.Verdicts {
		if !refused[id] {
			differ(id, "not refused", verdict.Code)
		}
	}
	return found
}

// compareLeftImage compares the refusals with the failed image that going back leaves behind in the
// active slot while passive runs.
func (c Checkpoint) compareLeftImage() []Difference {
	if c.Status.Running.Slot != v1alpha1.SlotPassive || c.Status.Trial != nil {
		return nil
	}
	left := c.Disk.Slots[v1alpha1.SlotActive].Image
	for _, r := range c.Status.Refused {
		if r.Image == left {
			return nil
		}
	}
	return []Difference{{
		What: "refused image", Reader: byDisk, Status: refusedImages(c.Status.Refused),
		Seen: left.Short() + " left in the active slot",
	}}
}

func refusedImages(refused []v1alpha1.RefusedRevision) string {
	var ids []string
	for _, r := range refused {
		ids = append(ids, r.Image.Short())
	}
	return strings.Join(ids, " ")
}
