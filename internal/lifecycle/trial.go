package lifecycle

import (
	"time"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Trial is a revision that has to prove itself. It is in the journal from the moment before the
// boot loader is armed until the commit or the return.
type Trial struct {
	Target Target `json:"target"`
	// From is what ran before, Good the slot to go back to.
	From v1alpha1.Revision `json:"from"`
	Good v1alpha1.Slot     `json:"good"`
	// Try counts the boots that reached user space or were counted by the boot loader.
	Try int `json:"try"`
	// Failure is recorded before the host goes back.
	Failure *Failure `json:"failure,omitempty"`
}

// ID is the short ID by which the boot loader knows the trial.
func (t Trial) ID() string { return t.Target.Revision.ID().Short() }

// MaxTries is how many boots the trial gets.
func (t Trial) MaxTries() int { return MaxTries(t.Target) }

// MaxTries gives the profile's limit of boots in trial, or the default.
func MaxTries(t Target) int {
	if n := t.Profile.Spec.Trial.Tries; n > 0 {
		return n
	}
	return v1alpha1.DefaultTrialTries
}

// Deadline is the time from boot to commit.
func Deadline(t Target) time.Duration {
	return t.Profile.Spec.Trial.Deadline.Or(v1alpha1.DefaultTrialDeadline)
}

// OnTrial tells whether the booted system is the one on trial: the boot loader has counted its boot.
func (t *Trial) OnTrial(seen Seen) bool {
	return t != nil && seen.Slot == v1alpha1.SlotActive &&
		seen.Image.ID == t.Target.Revision.Image && seen.Boot.Trial == t.ID() && seen.Boot.Try > 0
}

// VerdictFile is where the deadline timer, which works without the agent, leaves its Failure.
const VerdictFile = "verdict.json"
