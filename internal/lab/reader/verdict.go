package reader

import (
	"regexp"
	"strings"
)

// Verdict is why a trial failed, as it was said on the console when it did: by the host itself before
// it went back, or by GRUB when the tries were used up.
type Verdict struct {
	Code string `json:"code"`
	// Cause is the host's word; GRUB knows none.
	Cause string `json:"cause,omitempty"`
}

// bootFailed is the code for a trial that GRUB ended.
const bootFailed = "trial.boot-failed"

var saidVerdict = regexp.MustCompile(`stylet: trial ([0-9a-f]{12}) failed \[([a-z.-]+)\]: ([^\n]+)`)

// ParseVerdicts finds the verdicts in what a console said since power-on, by the trial's short name.
func ParseVerdicts(console string) map[string]Verdict {
	verdicts := map[string]Verdict{}
	for _, m := range saidFailed.FindAllStringSubmatch(console, -1) {
		verdicts[m[1]] = Verdict{Code: bootFailed}
	}
	for _, m := range saidVerdict.FindAllStringSubmatch(console, -1) {
		verdicts[m[1]] = Verdict{Code: m[2], Cause: strings.TrimSpace(m[3])}
	}
	return verdicts
}

// agrees tells whether a cause is the one that was said. The console has it in one line, and the end
// of a long one is left out.
func (v Verdict) agrees(cause string) bool {
	flat := strings.Join(strings.Fields(cause), " ")
	if begin, cut := strings.CutSuffix(v.Cause, "..."); cut && begin != "" && strings.HasPrefix(flat, begin) {
		return true
	}
	return v.Cause == "" || v.Cause == flat
}
