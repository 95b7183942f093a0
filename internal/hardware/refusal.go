package hardware

import (
	"strings"

	"github.com/stylet-edge/stylet/internal/base/fault"
)

// Refusal is the report as an error: nil unless a check failed, else a *fault.Error of kind
// Refused whose code is that of the first failure, with all failures in its text.
func (r Report) Refusal() error {
	failures := r.Failures()
	if len(failures) == 0 {
		return nil
	}
	texts := make([]string, len(failures))
	for i, c := range failures {
		texts[i] = c.Title + " (" + c.Measured + "): " + c.Reason
	}
	return fault.New(fault.Refused, failures[0].Code, failures[0].Remedy, "the probe refuses this machine: %s", strings.Join(texts, "; "))
}
