package phase

import (
	"fmt"
	"io"
	"sync"
	"text/tabwriter"
	"time"
)

// sign is the longest silence: a person who watches always knows whether something still moves.
const sign = 10 * time.Second

// Reporter tells a person what is going on: each phase's start and end, each new thing that
// happens, and at least every ten seconds how long it has taken.
type Reporter struct {
	mu       sync.Mutex
	out      io.Writer
	phase    Phase
	began    time.Time
	doing    string
	lastSign time.Time
	stop     chan struct{}
	stopped  chan struct{}
}

// NewReporter makes a reporter that writes to out. Close ends it.
func NewReporter(out io.Writer) *Reporter {
	r := &Reporter{out: out, stop: make(chan struct{}), stopped: make(chan struct{})}
	go r.remind()
	return r
}

// Close ends the reporter.
func (r *Reporter) Close() {
	close(r.stop)
	<-r.stopped
}

// remind speaks up when nothing was said for a while.
func (r *Reporter) remind() {
	defer close(r.stopped)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			r.mu.Lock()
			if r.doing != "" && time.Since(r.lastSign) >= sign {
				r.line("... " + r.doing)
			}
			r.mu.Unlock()
		case <-r.stop:
			return
		}
	}
}

// Say tells what is happening now. The same thing again is not told twice.
func (r *Reporter) Say(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	text := fmt.Sprintf(format, args...)
	if text == r.doing {
		return
	}
	r.doing = text
	r.line(text)
}

// line writes one line with the times; the caller holds the lock.
func (r *Reporter) line(text string) {
	r.lastSign = time.Now()
	if r.phase.Name == "" {
		fmt.Fprintln(r.out, text)
		return
	}
	elapsed := time.Since(r.began).Round(time.Second)
	fmt.Fprintf(r.out, "  %-12s %6s of about %-6s  %s\n", r.phase.Name, elapsed, r.phase.Expected, text)
}

func (r *Reporter) begin(p Phase) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.phase, r.began, r.doing = p, time.Now(), ""
	fmt.Fprintf(r.out, "\n== %s: %s\n", p.Name, p.Shows)
	r.lastSign = r.began
	return r.began
}

func (r *Reporter) end(t Timing) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.line(string(t.Result))
	r.phase, r.doing = Phase{}, ""
}

// Table writes the closing table.
func Table(out io.Writer, timings []Timing) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "phase\tresult\ttime\texpected\tshows")
	total := 0.0
	for _, t := range timings {
		fmt.Fprintf(w, "%s\t%s\t%.0f s\t%.0f s\t%s\n", t.Phase, t.Result, t.Elapsed, t.Expected, t.Shows)
		total += t.Elapsed
	}
	fmt.Fprintf(w, "all\t\t%.0f s\t\t\n", total)
	w.Flush()
}
