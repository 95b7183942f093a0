package kairos

import (
	"cmp"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Armed puts a revision on trial: up to limit boots of active, then back to good. A limit outside
// 1 to MaxTries becomes MaxTries.
func (e BootEnv) Armed(id string, limit int, good v1alpha1.Slot) BootEnv {
	if limit < 1 || limit > MaxTries {
		limit = MaxTries
	}
	e.Trial, e.Try, e.Max, e.Good, e.Failed = id, 0, limit, good, ""
	return e
}

// Disarmed takes back the trial of that name before it was booted: running is good. Another trial
// stays as it is.
func (e BootEnv) Disarmed(id string, running v1alpha1.Slot) BootEnv {
	if e.Trial == id {
		e.Trial, e.Try, e.Max, e.Good = "", 0, 0, running
	}
	return e
}

// KeptPassive makes passive what boots while nothing is on trial.
func (e BootEnv) KeptPassive() BootEnv {
	if e.Trial == "" {
		e.Good = v1alpha1.SlotPassive
	}
	return e
}

// Committed ends the trial well: active is good from now on.
func (e BootEnv) Committed() BootEnv {
	return BootEnv{Good: v1alpha1.SlotActive, Other: e.Other}
}

// FellBack ends the trial badly, on the word of user space: the slot that the trial was armed with
// boots from now on. Without a trial, which is how a repaired environment looks, that is passive.
func (e BootEnv) FellBack() BootEnv {
	if e.Trial == "" {
		e.Good = v1alpha1.SlotPassive
	}
	e.Trial, e.Try, e.Max, e.Failed = "", 0, 0, ""
	return e
}

// Expired is FellBack on the word of the deadline timer, which may come late: it ends the trial with
// that short name only, and only when a boot of it has begun. The trial counts as failed, as if
// GRUB had given it up: whoever set the deadline may not have been able to say why.
func (e BootEnv) Expired(trial string) BootEnv {
	if trial == "" || e.Trial != trial || e.Try == 0 {
		return e
	}
	next := e.FellBack()
	next.Failed = trial
	return next
}

// GaveUp tells whether the trial that was armed last has failed: there is nothing left to commit.
func (e BootEnv) GaveUp() bool { return e.Trial == "" && e.Failed != "" }

// Reported notes that user space is up: the count of passive tries begins anew. Failed stays, since
// the agent may not have read it yet; the next trial clears it.
func (e BootEnv) Reported() BootEnv {
	e.PassiveTries = 0
	return e
}

// NextBoot is the rule of the GRUB snippet in Go: which slot a plain boot takes, and the
// environment that it leaves behind. The component test holds the snippet to it.
func NextBoot(env BootEnv) (v1alpha1.Slot, BootEnv) {
	to := v1alpha1.SlotActive
	if env.Good == v1alpha1.SlotPassive {
		to = v1alpha1.SlotPassive
	}
	if env.Trial != "" {
		env.Max = cmp.Or(env.Max, MaxTries)
		if env.Try < env.Max {
			env.Try++
			return v1alpha1.SlotActive, env
		}
		env.Failed, env.Trial, env.Try = env.Trial, "", 0
	}
	if to == v1alpha1.SlotActive {
		return to, env
	}
	if env.PassiveTries >= MaxTries {
		return v1alpha1.SlotRecovery, env
	}
	env.PassiveTries++
	return to, env
}

// trialArgument begins the kernel argument that names the trial of a boot.
const trialArgument = "stylet.trial="

// TrialArgument is the kernel argument that the snippet adds to a boot of the slot with that
// environment, as NextBoot gives them; "" when the boot proves nothing.
func TrialArgument(slot v1alpha1.Slot, env BootEnv) string {
	if slot != v1alpha1.SlotActive || env.Trial == "" {
		return ""
	}
	return trialArgument + env.Trial
}

// GrubEntry is the id of the menu entry that boots a slot, as Kairos names them; "" for a slot
// that has none.
func GrubEntry(slot v1alpha1.Slot) string {
	switch slot {
	case v1alpha1.SlotActive:
		return "cos"
	case v1alpha1.SlotPassive:
		return "fallback"
	case v1alpha1.SlotRecovery:
		return "recovery"
	case v1alpha1.SlotLive, v1alpha1.SlotUnknown:
	}
	return ""
}
