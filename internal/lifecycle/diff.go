package lifecycle

import (
	"encoding/json"
	"fmt"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Diff compares what should be with what is. It is pure: the same inputs give the same plan,
// which is also what `stylet plan` shows.
func Diff(target *Target, seen Seen, j Journal) Plan {
	running := j.Running(seen)
	none := Plan{From: running, Class: ClassNone}
	switch {
	case seen.Slot != v1alpha1.SlotActive && seen.Slot != v1alpha1.SlotPassive:
		none.Why = fmt.Sprintf("the %s system runs, from which nothing is changed", seen.Slot)
		return none
	case target == nil:
		none.Why = "no profile is assigned"
		return none
	}
	none.Target = *target
	if running.ID() == target.Revision.ID() {
		none.Why = "the host runs what is wanted"
		return none
	}
	if r, ok := j.RefusedFor(target.Revision.ID()); ok {
		none.Why = "the wanted revision was refused: " + r.Cause
		return none
	}
	return change(none, *target, seen)
}

func change(plan Plan, target Target, seen Seen) Plan {
	plan.ID = planID(plan.From, target.Revision, seen.BootID)
	sameImage := plan.From.Image == target.Revision.Image && seen.Slot == v1alpha1.SlotActive
	switch {
	case sameImage && plan.From.Config == target.Revision.Config:
		plan.Class, plan.Why = ClassRecord, "the profile changed in name only"
		plan.Steps = steps(RenderConfig, Commit)
	case sameImage:
		plan.Class, plan.Why = ClassConfig, "the configuration differs"
		plan.Steps = []Step{{Action: RenderConfig}, arm(v1alpha1.SlotActive), {Action: Restart}, {Action: Commit}}
	case seen.MaxImageSize < 0:
		plan.Why = "the room for images could not be measured; it is tried again"
	case target.ImageSize > seen.MaxImageSize:
		plan.Why = "the image does not fit this host"
		plan.Refusal = tooBig(target, seen)
	default:
		plan.Class, plan.Why = ClassImage, "the image differs"
		plan.Steps = imageSteps(seen.Slot)
	}
	return plan
}

// imageSteps orders the steps of an image change. From active the trial is armed before the
// switch: a cut before the renames boots the old image, which sees that it is not the one on
// trial and goes on. From passive (active holds an image that failed) the trial is armed after
// the switch: armed earlier, a cut would boot the failed image.
func imageSteps(running v1alpha1.Slot) []Step {
	plan := steps(EnsureContent, Compose, RenderConfig)
	trial := arm(v1alpha1.SlotPassive)
	if running == v1alpha1.SlotPassive {
		plan = append(plan, Step{Action: Switch}, trial)
	} else {
		plan = append(plan, trial, Step{Action: Switch})
	}
	return append(plan, Step{Action: Restart}, Step{Action: Commit})
}

// goBack is the plan after a failed trial: the boot loader is told, and, if the failed system is
// the one that runs, the host restarts.
func goBack(t Trial, seen Seen, f Failure) Plan {
	from := t.Target.Revision
	plan := Plan{
		ID: planID(from, v1alpha1.Revision{}, seen.BootID), From: from, Target: t.Target,
		Class: ClassBack, Why: "the trial failed: " + f.Cause, Steps: steps(Rollback),
	}
	if t.OnTrial(seen) || f.BootID == seen.BootID {
		plan.Steps = append(plan.Steps, Step{Action: Restart})
	}
	return plan
}

func steps(names ...ActionName) []Step {
	out := make([]Step, len(names))
	for i, name := range names {
		out[i].Action = name
	}
	return out
}

func arm(good v1alpha1.Slot) Step {
	return Step{Action: ArmTrial, Input: json.RawMessage(fmt.Sprintf(`{"good":%q}`, good))}
}

func planID(from, to v1alpha1.Revision, bootID string) string {
	return v1alpha1.DigestOf([]byte(from.ID() + to.ID() + v1alpha1.Digest(bootID))).Short()[:8]
}

func tooBig(t Target, seen Seen) *Failure {
	const mib = 1 << 20
	return &Failure{
		Revision: t.Revision.ID(), Code: CodeTooBig,
		Cause: fmt.Sprintf("its image needs %d MiB, and the slots of this host hold images of up to %d MiB; "+
			"make the profile smaller, or install anew with a larger stylet.install.maxImageSize",
			(t.ImageSize+mib-1)/mib, seen.MaxImageSize/mib),
	}
}
