package hardware

import (
	"fmt"
	"slices"
	"strings"
)

// checkOverrides reports overrides that can have no effect: a slip in a code would otherwise
// show only when the check fails at a site.
func checkOverrides(in subject) Check {
	var useless, codes []string
	for _, r := range Requirements() {
		if r.Instead == "" && r.Code != CodeOverrides && r.Blocks != "" {
			codes = append(codes, r.Code)
		}
	}
	for _, o := range in.site.Probe.Overrides {
		if slices.Contains(codes, o.Check) {
			continue
		}
		text := o.Check + ": there is no such check"
		for _, r := range Requirements() {
			switch {
			case r.Code != o.Check:
			case r.Instead != "":
				text = o.Check + ": cannot be overridden, use " + r.Instead
			default:
				text = o.Check + ": never refuses, so there is nothing to override"
			}
		}
		useless = append(useless, text)
	}
	c := Check{
		Measured: fmt.Sprintf("%d", len(in.site.Probe.Overrides)),
		Verdict:  Pass,
		Reason:   "all of them name checks",
	}
	if len(in.site.Probe.Overrides) == 0 {
		c.Reason = "there are none"
	}
	if len(useless) > 0 {
		c.Verdict = Warn
		c.Reason = strings.Join(useless, "; ")
		c.Remedy = "the checks: " + strings.Join(codes, ", ")
	}
	return c
}
