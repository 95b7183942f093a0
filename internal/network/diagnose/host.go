package diagnose

import (
	"context"
	"time"
)

// walkHost measures what all ways share. Blocked is the code of the hop behind which nothing needs to be
// tried, or empty.
func walkHost(ctx context.Context, s Settings) (findings []Finding, blocked string) {
	begin := func(code string) time.Time {
		s.Progress(Step{Code: code})
		return time.Now()
	}
	add := func(code string, f Finding, began time.Time) {
		f = f.took(began)
		f.Code = code
		findings = append(findings, f)
		if f.Verdict == Fail && blocked == "" && code != CodeRoute {
			// A gateway that does not answer leaves what is on the host's own networks.
			blocked = code
		}
	}
	began := begin(CodeLink)
	links, err := readLinks(s.Root)
	if err != nil {
		add(CodeLink, warn("unreadable", "", "the interfaces cannot be read: "+err.Error(), "run it as root on the host itself"), began)
		return findings, ""
	}
	add(CodeLink, judgeLinks(links), began)
	if blocked != "" {
		add(CodeAddress, skip(CodeLink), time.Now())
		add(CodeRoute, skip(CodeLink), time.Now())
		return findings, blocked
	}
	began = begin(CodeAddress)
	add(CodeAddress, judgeAddresses(links), began)
	if blocked != "" {
		add(CodeRoute, skip(CodeAddress), time.Now())
		return findings, blocked
	}
	began = begin(CodeRoute)
	add(CodeRoute, checkRoute(ctx), began)
	return findings, blocked
}
