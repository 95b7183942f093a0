package console

import (
	"fmt"
	"strings"
	"time"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// agentLog is where the agent's log is.
const agentLog = "journalctl -u stylet-agent"

// starting is how long an agent may take to answer for the first time before that is called a fault.
const starting = 2 * time.Minute

// installed says what the agent says of the host, and first of all if it says nothing.
func (s State) installed(screen *Screen) {
	switch {
	case s.Host == nil && (s.Away == nil || s.Now.Sub(s.AwaySince) < starting):
		screen.Headline, screen.Tone = "STARTING: the agent has not answered yet", Busy
		return
	case s.Away != nil:
		screen.Headline, screen.Tone = "NO ANSWER: the agent is away since "+s.AwaySince.UTC().Format("15:04:05 MST"), Bad
		screen.problem(*s.Away)
		if s.Host != nil {
			screen.add("before", s.Host.Summary, Plain)
		}
		screen.add("log", agentLog, Plain)
		return
	}
	h := s.Host
	screen.Headline, screen.Tone = h.Summary, toneOf(*h)
	s.trial(screen)
	s.work(screen)
	if h.Why != "" {
		screen.add("why", h.Why, Plain)
	}
	if h.Next != "" {
		screen.add("next", h.Next, Plain)
	}
	s.source(screen)
	for _, r := range h.Refused {
		screen.add("refused", fmt.Sprintf("%s: %s [%s]", r.Profile, r.Cause, r.Code), Busy)
	}
	if !h.Fine {
		screen.minor("log", agentLog+", stylet events", Plain)
	}
}

// toneOf colours the answer's first word; the word alone says it too.
func toneOf(h v1alpha1.HostStatus) Tone {
	word, _, _ := strings.Cut(h.Summary, ":")
	switch {
	case word == "FINE":
		return Good
	case h.Fine || word == "WAITING":
		return Busy
	}
	return Bad
}

func (s State) trial(screen *Screen) {
	t := s.Host.Trial
	if t == nil {
		return
	}
	text := fmt.Sprintf("try %d of %d", t.Try, t.MaxTries)
	if !t.Deadline.IsZero() {
		left := t.Deadline.Sub(s.Now)
		if left > 0 {
			text += fmt.Sprintf(", goes back in about %s (%s)", roughly(left), t.Deadline.UTC().Format("15:04:05 MST"))
		} else {
			text += ", its time is up"
		}
	}
	screen.add("trial", text, Busy)
}

func (s State) work(screen *Screen) {
	w := s.Host.Work
	if w == nil {
		return
	}
	what := w.Action
	if w.Detail != "" {
		what += ": " + w.Detail
	}
	if w.Total > 0 {
		done := min(float64(w.Done)/float64(w.Total), 1)
		screen.progress(done, what)
		screen.add("", amounts(w.Done, w.Total, timeLeft(done, s.Now.Sub(w.Since))), Plain)
	} else {
		screen.add("step", what+", for "+roughly(s.Now.Sub(w.Since)), Plain)
	}
	if w.Problem != "" {
		screen.add("error", fmt.Sprintf("attempt %d failed: %s", w.Attempt, w.Problem), Bad)
	}
}

// timeLeft goes by the speed so far; zero while it is too early to tell.
func timeLeft(done float64, passed time.Duration) time.Duration {
	const early = 5 * time.Second
	if passed < early || done <= 0 || done >= 1 {
		return 0
	}
	return time.Duration(float64(passed) * (1 - done) / done)
}

// source says why the site's assignment cannot be read, unless that was said as the reason already.
func (s State) source(screen *Screen) {
	d := s.Host.Desired
	if d == nil || d.Problem == "" || d.Problem == s.Host.Why {
		return
	}
	screen.add("source", "no answer: "+d.Problem, Busy)
	if d.Remedy != "" {
		screen.add("to do", d.Remedy, Plain)
	}
}
