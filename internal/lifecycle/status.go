package lifecycle

import (
	"fmt"
	"time"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// StatusSchema is the version of the status' form.
const StatusSchema = 1

// BuildStatus tells the truth about the host from what is remembered and seen. It is pure.
func BuildStatus(j Journal, seen Seen, source v1alpha1.DesiredStatus, w *v1alpha1.WorkStatus, now time.Time) v1alpha1.HostStatus {
	s := v1alpha1.HostStatus{
		SchemaVersion: StatusSchema, Time: now, Work: w, Refused: j.Refused,
		Host: seen.Host, Running: running(j, seen), Conditions: conditions(j, seen, source),
	}
	s.Desired = desired(j, source)
	if t := j.Trial; t.OnTrial(seen) {
		s.Trial = &v1alpha1.TrialStatus{
			Revision: t.Target.Revision.ID(), Image: t.Target.Revision.Image, Profile: t.Target.Profile.Title(),
			Try: seen.Boot.Try, MaxTries: t.MaxTries(), Deadline: seen.DeadlineOf(t.Target, now).Round(time.Second),
		}
		if w != nil {
			s.Trial.Waiting = w.Detail
		}
	}
	judge(&s, j, seen)
	return s
}

func running(j Journal, seen Seen) v1alpha1.RunningStatus {
	r := v1alpha1.RunningStatus{Slot: seen.Slot, Image: seen.Image.ID, BootedAt: seen.BootedAt}
	if j.Trial.OnTrial(seen) {
		r.Revision, r.Profile = j.Trial.Target.Revision.ID(), j.Trial.Target.Profile.Title()
		return r
	}
	if c, ok := j.committedWith(seen.Image.ID); ok {
		r.Revision, r.Profile, r.Committed = c.Revision.ID(), c.Profile, true
	} else if seen.Image.ID != "" {
		r.Profile = seen.Image.Profile
	}
	return r
}

func desired(j Journal, source v1alpha1.DesiredStatus) *v1alpha1.DesiredStatus {
	if j.Target == nil && source.Source == "" && source.Problem == "" {
		return nil
	}
	d := source
	if t := j.Target; t != nil {
		if d.Source == "" { // the source has not been asked since the agent started
			d.Source = t.Source
		}
		d.Profile, d.Revision, d.Image = t.Profile.Title(), t.Revision.ID(), t.Revision.Image
	}
	return &d
}

func conditions(j Journal, seen Seen, source v1alpha1.DesiredStatus) []v1alpha1.Condition {
	var out []v1alpha1.Condition
	for _, p := range seen.Problems {
		out = append(out, v1alpha1.Condition{Type: "Host", Message: p})
	}
	c := v1alpha1.Condition{Type: "Source", OK: source.Problem == "", Message: source.Problem, Since: source.CheckedAt}
	if source.Problem == "" && source.CheckedAt.IsZero() {
		c.OK, c.Message = j.Target != nil, "not asked yet"
	}
	if problem := seen.Host.TagProblem; problem != "" {
		out = append(out, v1alpha1.Condition{Type: "Tags", Message: problem})
	}
	return append(out, c)
}

// judge answers "is it fine?", why not, and what comes next.
func judge(s *v1alpha1.HostStatus, j Journal, seen Seen) {
	name := s.Running.Profile
	switch {
	case name == "" && s.Running.Image == "":
		name = "the installer's image"
	case name == "":
		name = "image " + s.Running.Image.Short()
	}
	where := fmt.Sprintf("runs %s (%s)", name, s.Running.Slot)
	refusal, refused := v1alpha1.RefusedRevision{}, false
	if j.Target != nil {
		refusal, refused = j.RefusedFor(j.Target.Revision.ID())
	}
	switch {
	case seen.Slot == v1alpha1.SlotRecovery:
		s.Summary, s.Why = "NOT FINE: the recovery system runs", "neither image could be booted, or a person chose it"
		s.Next = "look at `stylet events`, then choose an entry in the boot menu"
	case j.Trial != nil && j.Trial.Failure != nil:
		s.Trial = nil
		s.Summary = fmt.Sprintf("GOING BACK: %s failed its trial", j.Trial.Target.Profile.Title())
		s.Why, s.Next = j.Trial.Failure.Cause, "the host restarts into the image before"
	case s.Trial != nil:
		s.Fine = true
		s.Summary = fmt.Sprintf("PROVING: %s is on trial, try %d of %d", s.Trial.Profile, s.Trial.Try, s.Trial.MaxTries)
		s.Why, s.Next = s.Trial.Waiting, "it is committed when its gates pass, or the host goes back by "+s.Trial.Deadline.Format(time.TimeOnly)
	case j.Plan != nil:
		s.Fine = s.Work == nil || s.Work.Problem == ""
		s.Summary = fmt.Sprintf("WORKING: %s; changing to %s", where, j.Plan.Target.Profile.Title())
		s.Why, s.Next = j.Plan.Why, nextStep(j)
	case refused:
		s.Summary = fmt.Sprintf("NOT FINE: %s; %s was refused", where, refusal.Profile)
		s.Why, s.Next = refusal.Cause, "nothing until the profile changes or somebody says `stylet retry`"
	case j.Target == nil && s.Desired == nil:
		s.Fine, s.Summary = true, "WAITING: "+where+"; no profile is assigned"
		s.Next = "set stylet.assignment.profile in the user-data"
	case j.Target == nil:
		s.Summary, s.Why = "WAITING: "+where+"; the assigned profile could not be read", s.Desired.Problem
		s.Next = "the source is asked again"
		if s.Desired.Remedy != "" {
			s.Next = s.Desired.Remedy + "; " + s.Next
		}
	case s.Running.Revision != j.Target.Revision.ID():
		s.Summary = fmt.Sprintf("WAITING: %s; %s is wanted", where, j.Target.Profile.Title())
		s.Why, s.Next = Diff(j.Target, seen, j).Why, "it is looked at again"
		if spoiled, ok := j.spoiledFor(j.Target.Revision.ID()); ok {
			s.Why, s.Next = spoiled.Problem, "it is tried again later, or at once after `stylet retry`"
		}
	default:
		s.Fine, s.Summary, s.Next = true, "FINE: "+where+", as wanted", "nothing; the source is asked again"
	}
	if len(seen.Problems) > 0 {
		s.Fine = false
		s.Summary = "NOT FINE: " + seen.Problems[0] + "; otherwise " + s.Summary
	}
}

func nextStep(j Journal) string {
	if j.at(Disarm) {
		return "the switch is called off and its trial taken back; then another plan is made"
	}
	var rest []ActionName
	for _, step := range j.Plan.Steps[j.Step:] {
		rest = append(rest, step.Action)
	}
	return fmt.Sprintf("steps left: %v", rest)
}
