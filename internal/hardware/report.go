package hardware

import "encoding/json"

// ReportSchema is the version of a report's JSON form.
const ReportSchema = 1

// Verdict is the outcome of a check.
type Verdict string

// The verdicts, from good to bad.
const (
	Pass Verdict = "pass"
	Warn Verdict = "warn" // goes on, and is worth reading
	Fail Verdict = "fail" // an installation is refused
)

// Check is one rule, measured.
type Check struct {
	// Code is stable; overrides name it.
	Code     string `json:"code"`
	Title    string `json:"title"`
	Measured string `json:"measured"`
	// Requirement is the rule in words, Source the id of the requirement that it comes from.
	Requirement string  `json:"requirement"`
	Source      string  `json:"source"`
	Verdict     Verdict `json:"verdict"`
	Reason      string  `json:"reason"`
	// Remedy is the next step; empty for a check that passed.
	Remedy string `json:"remedy,omitempty"`
	// Override is the site's reason for turning this failure into a warning.
	Override string `json:"override,omitempty"`
}

// Choice is the main drive and why it is the one.
type Choice struct {
	// Drive is nil if none could be chosen.
	Drive  *Drive `json:"drive,omitempty"`
	Reason string `json:"reason"`
	// Others says of each other drive why it is not the main one.
	Others []Standing `json:"others,omitempty"`
}

// Standing of a drive that was not chosen.
type Standing struct {
	Path string `json:"path"`
	Why  string `json:"why"`
}

// Report is the answer to "is this machine good enough, and which drive will be used?".
type Report struct {
	MainDrive Choice  `json:"mainDrive"`
	Checks    []Check `json:"checks"`
	Facts     Facts   `json:"facts"`
}

// Verdict is the worst verdict of all checks.
func (r Report) Verdict() Verdict {
	worst := Pass
	for _, c := range r.Checks {
		if c.Verdict == Fail {
			return Fail
		}
		if c.Verdict == Warn {
			worst = Warn
		}
	}
	return worst
}

// Failures are the checks that failed, in order.
func (r Report) Failures() []Check { return r.with(Fail) }

// Warnings are the checks that warn, in order.
func (r Report) Warnings() []Check { return r.with(Warn) }

func (r Report) with(v Verdict) []Check {
	var found []Check
	for _, c := range r.Checks {
		if c.Verdict == v {
			found = append(found, c)
		}
	}
	return found
}

// MarshalJSON adds the schema version and the overall verdict to the fields.
func (r Report) MarshalJSON() ([]byte, error) {
	type plain Report
	return json.Marshal(struct {
		SchemaVersion int     `json:"schemaVersion"`
		Verdict       Verdict `json:"verdict"`
		plain
	}{ReportSchema, r.Verdict(), plain(r)})
}
