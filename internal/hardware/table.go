package hardware

import (
	"fmt"
	"io"
	"strings"

	"github.com/stylet-edge/stylet/internal/base/prose"
)

// tableWidth fits a serial console of 80 columns.
const tableWidth = 79

// WriteTable writes the report for people: the verdict first, then the drive, then a line for
// each check, with why and what to do below those that did not pass.
func (r Report) WriteTable(w io.Writer) error {
	var b strings.Builder
	b.WriteString(wrap(r.Headline(), "", "  "))
	if d := r.MainDrive.Drive; d != nil {
		b.WriteString(wrap(d.Device(), "Main drive: ", "  "))
		b.WriteString(wrap(decimalGB(d.Size)+", "+r.MainDrive.Reason, "  ", "  "))
	} else {
		b.WriteString(wrap("none: "+r.MainDrive.Reason, "Main drive: ", "  "))
	}
	b.WriteString("\n")
	for _, c := range r.Checks {
		b.WriteString(c.lines())
	}
	if len(r.MainDrive.Others) > 0 {
		b.WriteString("\nOther drives:\n")
		for _, o := range r.MainDrive.Others {
			b.WriteString(wrap(o.Path+": "+o.Why, "  ", "    "))
		}
	}
	if len(r.Facts.Gaps) > 0 {
		b.WriteString("\nNot known:\n")
		for _, gap := range r.Facts.Gaps {
			b.WriteString(wrap(gap, "  ", "    "))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Headline is the verdict in one sentence.
func (r Report) Headline() string {
	warnings := codes(r.Warnings())
	switch r.Verdict() {
	case Fail:
		return "FAIL: this machine is refused because of " + codes(r.Failures())
	case Warn:
		return "WARN: this machine can be used; read about " + warnings
	case Pass:
	}
	return "PASS: this machine meets every requirement"
}

func codes(checks []Check) string {
	names := make([]string, len(checks))
	for i, c := range checks {
		names[i] = c.Code
	}
	return strings.Join(names, ", ")
}

// lines writes one check.
func (c Check) lines() string {
	const indent = "                       "
	text := wrap(c.Measured, fmt.Sprintf("%-4s  %-15s  ", strings.ToUpper(string(c.Verdict)), c.Title), indent)
	if c.Verdict == Pass {
		return text
	}
	text += wrap(c.Requirement+" ["+c.Source+"]", "      wanted:          ", indent)
	text += wrap(c.Reason, "      why:             ", indent)
	if c.Override != "" {
		text += wrap(c.Override, "      overridden:      ", indent)
	}
	if c.Remedy != "" {
		text += wrap(c.Remedy, "      what to do:      ", indent)
	}
	return text + wrap(c.Code, "      code:            ", indent)
}

func wrap(text, first, rest string) string { return prose.Wrap(text, first, rest, tableWidth) }
