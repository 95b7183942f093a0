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
	for _, p := range probes() {
		if p.instead == "" && p.code != CodeOverrides {
			codes = append(codes, p.code)
		}
	}
	for _, o := range in.site.Probe.Overrides {
		if slices.Contains(codes, o.Check) {
			continue
		}
		text := o.Check + ": there is no such check"
		for _, p := range probes() {
			if p.code == o.Check && p.instead != "" {
				text = o.Check + ": cannot be overridden, use " + p.instead
			}
		}
		useless = append(useless, text)
	}
	c := Check{
		Title:       "overrides",
		Measured:    fmt.Sprintf("%d", len(in.site.Probe.Overrides)),
		Requirement: "each names a check that can be overridden",
		Source:      "H6",
		Verdict:     Pass,
		Reason:      "all of them name checks",
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
