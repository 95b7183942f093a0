// Package reader looks at a host by ways of its own, and compares what it sees with what stylet
// says: the serial line (the kernel's command line, the running image's own record, what GRUB
// said when it chose) and the slots on the disk as a power cut would leave them.
//
// It shares no reading code with stylet on purpose: only the words of pkg/api.
package reader

import (
	"regexp"
	"strconv"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Decision is what GRUB said about one boot.
type Decision struct {
	// Slot is what it chose.
	Slot v1alpha1.Slot
	// Trial and Try are set when the boot is a try of a trial.
	Trial string
	Try   int
	// Failed is the trial that has used up its tries with this boot.
	Failed string
}

// GRUB writes each line to two terminals, and both are the serial line: the same text may stand
// twice on a line.
var (
	saidTry    = regexp.MustCompile(`stylet: trial ([0-9a-f]+) try ([1-3]) of [1-3] -> active`)
	saidFailed = regexp.MustCompile(`stylet: trial ([0-9a-f]+) failed -> (active|passive)`)
	saidGood   = regexp.MustCompile(`stylet: good -> passive`)
	saidRescue = regexp.MustCompile(`stylet: passive was tried 3 times -> recovery|stylet: asked for (recovery|statereset)`)
)

// ParseDecision finds GRUB's decision in what the console said since power-on. Silence means that
// nothing was to be decided: active.
func ParseDecision(console string) Decision {
	d := Decision{Slot: v1alpha1.SlotActive}
	if m := saidTry.FindStringSubmatch(console); m != nil {
		d.Trial = m[1]
		d.Try, _ = strconv.Atoi(m[2]) // the pattern lets digits only pass
	}
	if m := saidFailed.FindStringSubmatch(console); m != nil {
		d.Failed, d.Slot = m[1], v1alpha1.Slot(m[2])
	}
	if saidGood.MatchString(console) {
		d.Slot = v1alpha1.SlotPassive
	}
	if saidRescue.MatchString(console) {
		d.Slot = v1alpha1.SlotRecovery
	}
	return d
}
