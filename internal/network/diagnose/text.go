package diagnose

import (
	"fmt"
	"io"
	"strings"

	"github.com/stylet-edge/stylet/internal/base/prose"
)

// textWidth fits a serial console of 80 columns.
const textWidth = 79

// WriteText writes the report for people: the verdict first, then a line for each hop, with why and what
// to do below those that did not pass.
func (r Report) WriteText(w io.Writer) error {
	var b strings.Builder
	b.WriteString(wrap(r.Headline(), "", "  "))
	b.WriteString("\nThis host\n")
	for _, f := range r.Host {
		b.WriteString(f.lines())
	}
	for _, way := range r.Ways {
		b.WriteString("\n")
		title := way.Target + " (" + way.Why + ")"
		if way.Proxy != "" {
			title += ", by the proxy " + way.Proxy
		}
		b.WriteString(wrap(title, "", "  "))
		for _, f := range way.Findings {
			b.WriteString(f.lines())
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Headline is the verdict in one sentence: the first hop that failed, for all that wait behind it.
func (r Report) Headline() string {
	failed, warned := r.with(Fail), r.with(Warn)
	switch {
	case len(failed) > 0:
		return "FAIL: not everything can be reached: " + strings.Join(failed, "; ")
	case len(warned) > 0:
		return "WARN: everything can be reached; read about " + strings.Join(warned, "; ")
	case len(r.Ways) == 0:
		return "PASS: this host has a network; nothing is named that it should reach"
	}
	return "PASS: everything can be reached"
}

func (r Report) with(v Verdict) []string {
	var list []string
	for _, f := range r.Host {
		if f.Verdict == v {
			list = append(list, f.name())
		}
	}
	for _, way := range r.Ways {
		for _, f := range way.Findings {
			if f.Verdict == v {
				list = append(list, f.name()+" to "+way.Target)
			}
		}
	}
	return list
}

// name is the code with what was found: "network.dns (no-such-name)".
func (f Finding) name() string { return f.Code + " (" + f.Cause + ")" }

// lines writes one hop.
func (f Finding) lines() string {
	const indent = "                  "
	head := fmt.Sprintf("%-4s  %-10s  ", strings.ToUpper(string(f.Verdict)), strings.TrimPrefix(f.Code, "network."))
	if f.Verdict == Skipped {
		return wrap("not tried: "+f.SkippedBecause, strings.Replace(head, "SKIPPED", "-   ", 1), indent)
	}
	measured := f.Measured
	if measured == "" {
		measured = f.Reason
	}
	lines := wrap(measured, head, indent)
	if f.Verdict == Pass {
		return lines
	}
	lines += wrap(f.Reason, "      why:         ", indent+" ")
	lines += wrap(f.Remedy, "      what to do:  ", indent+" ")
	return lines + wrap(f.name(), "      code:        ", indent+" ")
}

func wrap(text, first, rest string) string { return prose.Wrap(text, first, rest, textWidth) }
