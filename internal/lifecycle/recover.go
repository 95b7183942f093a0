package lifecycle

import (
	"fmt"
	"time"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Recover brings the journal into agreement with what the machine shows, after a boot or a
// restart of the agent: it finishes what only lacked its record, and turns a trial that failed
// into a refusal. It is pure; the events are for the host's history.
func Recover(j Journal, seen Seen, now time.Time) (Journal, []v1alpha1.Event) {
	t := j.Trial
	if t == nil {
		if !j.madeElsewhere(seen) {
			return j, nil
		}
		e := event(now, "plan.dropped", Trial{Target: j.Plan.Target}, fmt.Sprintf("the host runs from %s now; another plan is made", seen.Slot))
		j.dropPlan()
		return j, []v1alpha1.Event{e}
	}
	trial := *t // the journal given stays as it was
	j.Trial = &trial
	if failure := trialFailure(j, seen); failure != nil {
		return recoverFailed(j, seen, *failure, now)
	}
	if committedInBoot(j, seen) {
		j.commit(trial.Target, now)
		if !j.at(Commit) {
			j.dropPlan()
		} // else the step goes on: it has told the boot loader, but may not have tidied up
		return j, []v1alpha1.Event{event(now, "trial.committed", trial, trial.Target.Profile.Title()+" is committed")}
	}
	if j.armAgain(seen) {
		return j, []v1alpha1.Event{event(now, "trial.armed-again", trial, "the switch had not been done yet; what was booted meanwhile does not count as a try")}
	}
	if trial.OnTrial(seen) {
		j.skipWhatTheBootDid()
	}
	if trial.OnTrial(seen) && seen.Boot.Try > trial.Try {
		text := fmt.Sprintf("trial of %s: try %d of %d", trial.Target.Profile.Title(), seen.Boot.Try, trial.MaxTries())
		if seen.Boot.Try > 1 {
			text += "; the boot before ended without a verdict (a power cut, a panic or a hang)"
		}
		j.Trial.Try = seen.Boot.Try
		return j, []v1alpha1.Event{event(now, "trial.try", trial, text)}
	}
	return j, nil
}

// trialFailure finds out whether the trial failed: by the agent's own record, by the deadline
// timer's, or because the boot loader gave it up. The last counts only when arming and switch are
// known to have finished: before the one it speaks of an earlier trial of the same revision, before
// the other the boots counted were boots of the old image.
func trialFailure(j Journal, seen Seen) *Failure {
	t := j.Trial
	id := t.Target.Revision.ID()
	switch {
	case t.Failure != nil:
		return t.Failure
	case seen.Verdict != nil && seen.Verdict.Revision == id:
		return seen.Verdict
	case seen.Boot.Failed == t.ID() && j.past(ArmTrial) && j.past(Switch):
		return &Failure{
			Revision: id, Code: CodeBootFailed, Tries: t.MaxTries(),
			Cause: fmt.Sprintf("%d of %d boots ended before the system was proved healthy (a panic, a hang or a power cut)",
				t.MaxTries(), t.MaxTries()),
		}
	case seen.Slot == v1alpha1.SlotPassive && seen.Boot.Trial == t.ID() && seen.Boot.Try > 0 && j.restarted(seen):
		return &Failure{
			Revision: id, Code: CodeBootFailed, Tries: seen.Boot.Try,
			Cause: "the boot loader could not load its image and took the other one",
		}
	}
	return nil
}

func recoverFailed(j Journal, seen Seen, f Failure, now time.Time) (Journal, []v1alpha1.Event) {
	t := *j.Trial
	_, known := j.RefusedFor(f.Revision)
	j.refuse(t.Target, f, now)
	j.Trial.Failure = &f
	var events []v1alpha1.Event
	if !known {
		e := event(now, "trial.failed", t, fmt.Sprintf("%s is refused: %s", t.Target.Profile.Title(), f.Cause))
		e.Code = f.Code
		events = append(events, e)
	}
	if seen.Boot.Trial == t.ID() || f.BootID == seen.BootID {
		// The boot loader does not know yet, or the failed system still runs.
		if j.Plan == nil || j.Plan.Class != ClassBack {
			j.startPlan(goBack(t, seen, f), now)
		}
		return j, events
	}
	j.Trial = nil
	j.dropPlan()
	return j, append(events, event(now, "trial.back", t, fmt.Sprintf("back on the %s image", seen.Slot)))
}

// committedInBoot tells whether the boot loader was told of the commit, and only the journal was not.
func committedInBoot(j Journal, seen Seen) bool {
	t := j.Trial
	return seen.Slot == v1alpha1.SlotActive && seen.Image.ID == t.Target.Revision.Image &&
		seen.Boot.Trial == "" && seen.Boot.Good == v1alpha1.SlotActive && seen.Boot.Failed == "" &&
		j.past(Restart)
}

func event(now time.Time, kind string, t Trial, message string) v1alpha1.Event {
	return v1alpha1.Event{Time: now, Type: kind, Message: message, Revision: t.Target.Revision.ID()}
}
