package diagnose

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

const (
	// clockWarn is as much as clocks may differ without anybody noticing: tokens and logs go by minutes.
	clockWarn = time.Minute
	// clockFail is what TLS breaks at: public authorities date certificates back by an hour (Let's Encrypt
	// does), so a host that is further behind does not believe one that was just renewed.
	clockFail = time.Hour
	// syncedFile is written by systemd-timesyncd when the clock was set by a server (systemd-timesyncd.service(8)).
	syncedFile = "run/systemd/timesync/synchronized"
	ntpRemedy  = "set site.ntpServers to servers that this host reaches (UDP port 123), and the clock in the firmware's settings"
)

// checkClock compares this host's clock with the Date of whoever answers.
func checkClock(ctx context.Context, j *journey) Finding {
	synced := readSynced(j.Root)
	//nolint:gosec // no login is sent, and only a date is read: it must work when the clock makes TLS fail
	transport := j.newTransport(&tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12})
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, j.target.root().String(), http.NoBody)
	if err != nil {
		return skip("no request can be made")
	}
	request.Header.Set("User-Agent", j.UserAgent)
	sent := time.Now()
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return skip("it does not answer a request, so its time is not known; " + synced)
	}
	answer.Body.Close()
	received := time.Now()
	theirs, err := http.ParseTime(answer.Header.Get("Date"))
	if err != nil {
		return skip("its answer has no date; " + synced)
	}
	offset, precision := clockOffset(theirs, sent, received)
	return j.judgeClock(offset, precision, received, synced)
}

// clockOffset is how much this host's clock is ahead of theirs (negative: behind). A Date has whole
// seconds and was made at some time between sending and receiving.
func clockOffset(theirs, sent, received time.Time) (offset, precision time.Duration) {
	middle := sent.Add(received.Sub(sent) / 2).Round(0)
	half := 500 * time.Millisecond
	return middle.Sub(theirs.Add(half)), half + received.Sub(sent)/2
}

func (j *journey) judgeClock(offset, precision time.Duration, now time.Time, synced string) Finding {
	measured := "agrees with " + j.target.Host + "; " + synced
	if offset.Abs() > precision+time.Second {
		side := "ahead of"
		if offset < 0 {
			side = "behind"
		}
		measured = fmt.Sprintf("%s %s %s; %s", roughly(offset.Abs()), side, j.target.Host, synced)
	}
	theirs := now.Add(-offset)
	switch breaks := j.leaf != nil && !valid(j.leaf.NotBefore, j.leaf.NotAfter, now); {
	case breaks && valid(j.leaf.NotBefore, j.leaf.NotAfter, theirs):
		return fail("clock-breaks-tls", measured, fmt.Sprintf("by the time of %s (%s) its certificate is valid: this host's clock is what is wrong", j.target.Host, stamp(theirs)), ntpRemedy)
	case offset.Abs() > clockFail:
		return fail("clock-off", measured, "certificates that were just made, and tokens, will not be accepted", ntpRemedy)
	case offset.Abs() > clockWarn:
		return warn("clock-off", measured, "tokens may not be accepted, and logs do not fit together", ntpRemedy)
	}
	return pass(measured)
}

func valid(from, to, at time.Time) bool { return !at.Before(from) && !at.After(to) }

// roughly gives a time in the two units that matter.
func roughly(d time.Duration) string {
	switch day := 24 * time.Hour; {
	case d >= 2*day:
		return fmt.Sprintf("%d days", d/day)
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d hours", d/time.Hour)
	case d >= 2*time.Minute:
		return fmt.Sprintf("%d minutes", d/time.Minute)
	}
	return fmt.Sprintf("%d seconds", d/time.Second)
}

// readSynced says what the host's own time service knows.
func readSynced(root string) string {
	path := filepath.Join(root, syncedFile)
	if _, err := os.Stat(path); err == nil {
		return "time service: synchronized"
	}
	if _, err := os.Stat(filepath.Dir(path)); err == nil {
		return "time service: not synchronized yet"
	}
	return "time service: unknown"
}
