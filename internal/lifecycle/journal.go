package lifecycle

import (
	"slices"
	"time"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// JournalSchema is the version of the journal's form. An agent reads the journals of its own and
// of the previous version, since agents roll back with their images.
const JournalSchema = 1

// JournalFile is the journal's name in the state directory.
const JournalFile = "journal.json"

// Journal is what the engine remembers across processes and boots. Only the agent writes it.
type Journal struct {
	SchemaVersion int `json:"schemaVersion"`
	// Target is the last one the source named.
	Target *Target `json:"target,omitempty"`
	// Plan is being carried out; Step is the index of the step that is next or in progress.
	Plan *Plan `json:"plan,omitempty"`
	Step int   `json:"step,omitempty"`
	// Intent is recorded before the step's effect starts.
	Intent *Intent `json:"intent,omitempty"`
	Trial  *Trial  `json:"trial,omitempty"`
	// Committed are the revisions that passed their trial, the newest last.
	Committed []CommittedRevision        `json:"committed,omitempty"`
	Refused   []v1alpha1.RefusedRevision `json:"refused,omitempty"`
	// Spoiled counts the wrong bytes that were met on the way to a revision, over all of its plans.
	Spoiled *Spoiled `json:"spoiled,omitempty"`
}

// Spoiled counts how often what was downloaded or composed for a revision turned out to be other
// bytes than it should be, or gone. Each time costs a download or the writing of an image.
type Spoiled struct {
	Revision v1alpha1.Digest `json:"revision"`
	Times    int             `json:"times"`
	Problem  string          `json:"problem"` // the last one
}

// Intent says that the effect of a step may have begun.
type Intent struct {
	Since   time.Time `json:"since"`
	BootID  string    `json:"bootID"`
	Attempt int       `json:"attempt"`
	Problem string    `json:"problem,omitempty"` // of the last attempt
}

// CommittedRevision is a revision that passed its trial here.
type CommittedRevision struct {
	Revision v1alpha1.Revision `json:"revision"`
	Profile  string            `json:"profile"`
	At       time.Time         `json:"at"`
	// Contents are the blobs it was made of, kept while it may run.
	Contents []v1alpha1.Digest `json:"contents,omitempty"`
}

// keepCommitted is how many revisions are remembered: those of the two slots and two before them.
const keepCommitted = 4

// Running names the revision that runs: the one on trial if its image runs under the trial's
// mark, else the newest committed one with the running image. The same image may belong to
// several revisions, which differ in configuration.
func (j Journal) Running(seen Seen) v1alpha1.Revision {
	if j.Trial.OnTrial(seen) {
		return j.Trial.Target.Revision
	}
	if c, ok := j.committedWith(seen.Image.ID); ok {
		return c.Revision
	}
	return v1alpha1.Revision{Image: seen.Image.ID}
}

func (j Journal) committedWith(image v1alpha1.Digest) (CommittedRevision, bool) {
	for _, c := range slices.Backward(j.Committed) {
		if image != "" && c.Revision.Image == image {
			return c, true
		}
	}
	return CommittedRevision{}, false
}

// RefusedFor gives the refusal of a revision.
func (j Journal) RefusedFor(id v1alpha1.Digest) (v1alpha1.RefusedRevision, bool) {
	for _, r := range j.Refused {
		if r.Revision == id {
			return r, true
		}
	}
	return v1alpha1.RefusedRevision{}, false
}

func (j *Journal) refuse(t Target, f Failure, now time.Time) {
	if _, ok := j.RefusedFor(t.Revision.ID()); ok {
		return
	}
	j.Refused = append(slices.Clone(j.Refused), v1alpha1.RefusedRevision{
		Revision: t.Revision.ID(), Image: t.Revision.Image, Profile: t.Profile.Title(),
		Cause: f.Cause, Code: f.Code, Tries: f.Tries, At: now,
	})
}

// commit may be called again for the revision that was committed last.
func (j *Journal) commit(t Target, now time.Time) {
	j.Trial = nil
	if n := len(j.Committed); n > 0 && j.Committed[n-1].Revision == t.Revision {
		return
	}
	j.Committed = append(slices.Clone(j.Committed), CommittedRevision{
		Revision: t.Revision, Profile: t.Profile.Title(), At: now, Contents: contents(t),
	})
	for len(j.Committed) > keepCommitted {
		at := j.forgettable()
		j.Committed = slices.Delete(j.Committed, at, at+1)
	}
}

// forgettable is the index of the oldest revision whose image has a newer one, or of the oldest of
// all: changes of configuration alone must not displace the revision of the other slot's image,
// which may have to run, or be composed, again.
func (j Journal) forgettable() int {
	for i, c := range j.Committed {
		sameImage := func(later CommittedRevision) bool { return later.Revision.Image == c.Revision.Image }
		if slices.ContainsFunc(j.Committed[i+1:], sameImage) {
			return i
		}
	}
	return 0
}

// contents gives the blobs that a target is made of, the agent's layer included.
func contents(t Target) []v1alpha1.Digest {
	var out []v1alpha1.Digest
	for _, l := range t.Manifest.Layers {
		out = append(out, l.Content)
	}
	if agent := t.Profile.Spec.Agent; agent != nil && agent.Content != nil {
		out = append(out, agent.Content.Digest)
	}
	return out
}

// spoil counts wrong bytes met on the way to a revision, and tells how often that was.
func (j *Journal) spoil(id v1alpha1.Digest, problem string) int {
	times := 1
	if s, ok := j.spoiledFor(id); ok {
		times = s.Times + 1
	}
	j.Spoiled = &Spoiled{Revision: id, Times: times, Problem: problem}
	return times
}

func (j Journal) spoiledFor(id v1alpha1.Digest) (Spoiled, bool) {
	if s := j.Spoiled; s != nil && s.Revision == id {
		return *s, true
	}
	return Spoiled{}, false
}

func (j *Journal) dropPlan() { j.Plan, j.Step, j.Intent = nil, 0, nil }

// startPlan begins a plan, and makes its ID one that was never used: the units of its steps bear it,
// and one that was left behind by a plan like it must not be taken for theirs.
func (j *Journal) startPlan(p Plan, now time.Time) {
	p.ID = v1alpha1.DigestOf([]byte(p.ID + now.Format(time.RFC3339Nano))).Short()[:8]
	j.Plan, j.Step, j.Intent = &p, 0, nil
}

// disarmFirst puts disarm before the switch that was to come next: the trial is armed, has not been
// booted, and is not wanted any more. The attempts go on counting, so that no step of the plan is ever
// run twice under one name.
func (j *Journal) disarmFirst(bootID string, now time.Time) {
	var before Intent
	if j.Intent != nil {
		before = *j.Intent
	}
	if j.Step > 0 && j.Plan.Steps[j.Step-1].Action == Disarm {
		j.Step--
	} else {
		plan := *j.Plan
		plan.Steps = slices.Insert(slices.Clone(plan.Steps), j.Step, Step{Action: Disarm})
		j.Plan = &plan
	}
	j.Intent = &Intent{Since: now, BootID: bootID, Attempt: before.Attempt, Problem: before.Problem}
}

// skipWhatTheBootDid moves on from steps whose purpose is fulfilled once the system on trial runs:
// disarming it is too late, arming it again would take back what the boot loader has counted, and
// a restart would cost it a try.
func (j *Journal) skipWhatTheBootDid() {
	switch {
	case j.at(Disarm):
		j.Step, j.Intent = j.Step+1, nil
	case j.at(ArmTrial) && j.past(Switch):
		j.Step, j.Intent = j.Step+2, nil // the restart has happened, too
	case j.at(Restart) && j.Intent == nil:
		j.Step++ // a cut came before anybody asked for it
	}
}

// at tells whether the action is the next one, or in progress.
func (j Journal) at(name ActionName) bool {
	return j.Plan != nil && j.Step < len(j.Plan.Steps) && j.Plan.Steps[j.Step].Action == name
}

// past tells whether the plan in progress has finished the action, or does not have it.
func (j Journal) past(name ActionName) bool {
	if j.Plan == nil {
		return true
	}
	for i, s := range j.Plan.Steps {
		if s.Action == name {
			return i < j.Step
		}
	}
	return true
}

// restarted tells whether the restart of the plan has happened.
func (j Journal) restarted(seen Seen) bool {
	if j.past(Restart) {
		return true
	}
	return j.Plan.Steps[j.Step].Action == Restart && j.Intent != nil && j.Intent.BootID != seen.BootID
}

// madeElsewhere tells whether the plan was made for the other slot and has touched nothing yet: the
// order of its steps would let a cut boot an image untried (imageSteps).
func (j Journal) madeElsewhere(seen Seen) bool {
	if j.Plan == nil || j.Plan.Class != ClassImage || j.Trial != nil {
		return false
	}
	index := func(name ActionName) int {
		return slices.IndexFunc(j.Plan.Steps, func(s Step) bool { return s.Action == name })
	}
	arm, change := index(ArmTrial), index(Switch)
	return j.Step <= min(arm, change) && (arm < change) != (seen.Slot == v1alpha1.SlotActive)
}

// armAgain goes back to arm-trial when boots were counted between it and the end of the switch:
// they were boots of the old image. It tells whether it did.
func (j *Journal) armAgain(seen Seen) bool {
	if j.Plan == nil || j.past(Switch) || j.Trial.OnTrial(seen) {
		return false
	}
	armed := slices.IndexFunc(j.Plan.Steps, func(s Step) bool { return s.Action == ArmTrial })
	if armed < 0 || armed >= j.Step || (seen.Boot.Trial == j.Trial.ID() && seen.Boot.Try == 0) {
		return false
	}
	j.Step, j.Intent = armed, nil
	return true
}
