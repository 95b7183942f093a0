package diagnose

import (
	"encoding/json"
	"time"
)

// ReportSchema is the version of a report's JSON form.
const ReportSchema = 1

// Verdict is what became of a hop.
type Verdict string

// The verdicts.
const (
	Pass    Verdict = "pass"
	Warn    Verdict = "warn"    // it works, and is worth reading
	Fail    Verdict = "fail"    // nothing gets past this hop
	Skipped Verdict = "skipped" // it was not tried; SkippedBecause says why
)

// The codes of the hops, in their order.
const (
	CodeLink     = "network.link"
	CodeAddress  = "network.address"
	CodeRoute    = "network.route"
	CodeDNS      = "network.dns"
	CodeConnect  = "network.connect"
	CodeProxy    = "network.proxy"
	CodeTLS      = "network.tls"
	CodeClock    = "network.clock"
	CodeRegistry = "network.registry"
	CodeRange    = "network.range"
	CodeURL      = "network.url"
)

// Finding is one hop, measured.
type Finding struct {
	// Code is the hop, Cause what was found there: both are stable. Cause is empty for a pass.
	Code    string  `json:"code"`
	Cause   string  `json:"cause,omitempty"`
	Verdict Verdict `json:"verdict"`
	// Measured is what was seen, for a pass too.
	Measured string `json:"measured,omitempty"`
	// Reason says why the verdict is not pass, Remedy what to do next.
	Reason string `json:"reason,omitempty"`
	Remedy string `json:"remedy,omitempty"`
	// SkippedBecause is the code of the hop that failed, or a few words.
	SkippedBecause string `json:"skippedBecause,omitempty"`
	// Milliseconds is how long the hop took.
	Milliseconds int64 `json:"milliseconds"`
}

// Way is the way to one target.
type Way struct {
	Target string `json:"target"`
	// Why says where the target comes from: a key of the user-data, or "argument".
	Why string `json:"why"`
	// Proxy is the proxy on the way, without its login; empty for the direct way.
	Proxy    string    `json:"proxy,omitempty"`
	Findings []Finding `json:"findings"`
}

// Report is the answer to "what does this host reach, and if not, why?".
type Report struct {
	Host []Finding `json:"host"`
	Ways []Way     `json:"ways"`
}

// Verdict is the worst verdict of all hops; a hop that was skipped is not worse than what it waited for.
func (r Report) Verdict() Verdict {
	worst := worstOf(r.Host)
	for _, way := range r.Ways {
		switch worstOf(way.Findings) {
		case Fail:
			worst = Fail
		case Warn:
			if worst == Pass {
				worst = Warn
			}
		case Pass, Skipped:
		}
	}
	return worst
}

func worstOf(findings []Finding) Verdict {
	worst := Pass
	for _, f := range findings {
		if f.Verdict == Fail {
			return Fail
		}
		if f.Verdict == Warn {
			worst = Warn
		}
	}
	return worst
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

func pass(measured string) Finding { return Finding{Verdict: Pass, Measured: measured} }

func skip(because string) Finding { return Finding{Verdict: Skipped, SkippedBecause: because} }

func warn(cause, measured, reason, remedy string) Finding {
	return Finding{Verdict: Warn, Cause: cause, Measured: measured, Reason: reason, Remedy: remedy}
}

func fail(cause, measured, reason, remedy string) Finding {
	return Finding{Verdict: Fail, Cause: cause, Measured: measured, Reason: reason, Remedy: remedy}
}

// took notes the time since a hop began.
func (f Finding) took(since time.Time) Finding {
	f.Milliseconds = time.Since(since).Milliseconds()
	return f
}
