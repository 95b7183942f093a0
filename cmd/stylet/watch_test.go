package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// answers are what the agent says, one after another; after the last the person interrupts.
type answers struct {
	list      []any // HostStatus or error
	interrupt context.CancelFunc
}

func (a *answers) Status(context.Context) (v1alpha1.HostStatus, error) {
	if len(a.list) == 0 {
		a.interrupt()
		return v1alpha1.HostStatus{}, context.Canceled
	}
	next := a.list[0]
	a.list = a.list[1:]
	if err, ok := next.(error); ok {
		return v1alpha1.HostStatus{}, err
	}
	return next.(v1alpha1.HostStatus), nil
}

func watched(t *testing.T, form string, list ...any) (out, problems string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var stdout, stderr bytes.Buffer
		require.NoError(t, watchStatus(ctx, &answers{list, cancel}, &stdout, &stderr, form))
		out, problems = stdout.String(), stderr.String()
	})
	return out, problems
}

// downloading are the statuses of a download of 1000 bytes, one a second.
func downloading() []any {
	var list []any
	began := time.Unix(1e9, 0)
	for n := range 101 {
		now := began.Add(time.Duration(n) * time.Second)
		list = append(list, v1alpha1.HostStatus{
			Time: now, Fine: true, Summary: "WORKING", Desired: &v1alpha1.DesiredStatus{Source: "registry", CheckedAt: now},
			Running:    v1alpha1.RunningStatus{BootedAt: began.Add(time.Duration(n%2) * time.Second)}, // read from two clocks
			Work:       &v1alpha1.WorkStatus{Action: "ensure-content", Since: began, Done: int64(n) * 10, Total: 1000},
			Conditions: []v1alpha1.Condition{{Type: "Source", OK: true, Since: now}},
		})
	}
	return list
}

func TestWatchPrintsToAPipeWhatMatters(t *testing.T) {
	out, _ := watched(t, "text", downloading()...)
	require.Equal(t, 11, strings.Count(out, "WORKING"), "each tenth of the way:\n%s", out)

	var settling []any
	for n := range 30 {
		left := strconv.Itoa(30-n) + "s"
		text := "gate web: passes, settling for another " + left
		settling = append(settling, v1alpha1.HostStatus{
			Summary: "PROVING", Why: text, Next: "back by 12:00:0" + strconv.Itoa(n%2),
			Trial: &v1alpha1.TrialStatus{Try: 1, Deadline: time.Unix(int64(n%2), 0), Waiting: text},
			Work:  &v1alpha1.WorkStatus{Action: "prove", Detail: text},
		})
	}
	out, _ = watched(t, "text", settling...)
	require.Equal(t, 1, strings.Count(out, "PROVING"), out)

	for name, change := range map[string]func(*v1alpha1.HostStatus){
		"the answer":   func(s *v1alpha1.HostStatus) { s.Summary = "NOT FINE" },
		"the reason":   func(s *v1alpha1.HostStatus) { s.Why = "gate web: no answer" },
		"the step":     func(s *v1alpha1.HostStatus) { s.Work.Action = "compose" },
		"an attempt":   func(s *v1alpha1.HostStatus) { s.Work.Attempt, s.Work.Problem = 1, "no room" },
		"the try":      func(s *v1alpha1.HostStatus) { s.Trial = &v1alpha1.TrialStatus{Try: 2} },
		"a refusal":    func(s *v1alpha1.HostStatus) { s.Refused = []v1alpha1.RefusedRevision{{Cause: "panic"}} },
		"the source":   func(s *v1alpha1.HostStatus) { s.Desired = &v1alpha1.DesiredStatus{Problem: "silent"} },
		"a condition":  func(s *v1alpha1.HostStatus) { s.Conditions = []v1alpha1.Condition{{Type: "Source", OK: false}} },
		"what it runs": func(s *v1alpha1.HostStatus) { s.Running.Profile = "store 2.0.0" },
	} {
		before := downloading()[0].(v1alpha1.HostStatus)
		after := downloading()[1].(v1alpha1.HostStatus)
		change(&after)
		require.NotEqual(t, statusKey(before), statusKey(after), name)
	}
}

func TestWatchAsJSONIsALineEach(t *testing.T) {
	list := downloading()
	silent := errors.New("the agent does not answer")
	out, problems := watched(t, "json", append(list, silent, silent, list[100])...)
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	require.Len(t, lines, 12, "eleven, and one when the agent answers again")
	for _, line := range lines {
		var s v1alpha1.HostStatus
		require.NoError(t, json.Unmarshal([]byte(line), &s), line)
		require.Equal(t, "WORKING", s.Summary)
	}
	require.Equal(t, 1, strings.Count(problems, "does not answer"), "once, and where it does no harm to what reads json")
	text, problems := watched(t, "text", silent, silent)
	require.Equal(t, 1, strings.Count(text, "does not answer"))
	require.Empty(t, problems)
}

// paper is a terminal of endless height: what it shows is what a person sees who scrolls up.
type paper struct {
	columns int
	rows    []string
	at      int
}

var sequence = regexp.MustCompile(`^\x1b\[(\d*)([AJ])`)

func (p *paper) Write(data []byte) (int, error) {
	column := 0
	for text := string(data); text != ""; {
		for len(p.rows) <= p.at {
			p.rows = append(p.rows, "")
		}
		if m := sequence.FindStringSubmatch(text); m != nil {
			text = text[len(m[0]):]
			if m[2] == "J" {
				p.rows = p.rows[:p.at]
			} else if n, err := strconv.Atoi(m[1]); err != nil || n > p.at {
				return 0, errors.New("the cursor goes up too far: " + m[0])
			} else {
				p.at -= n
			}
			continue
		}
		switch c := text[0]; {
		case c == '\n':
			p.at, column = p.at+1, 0
		case c == '\r':
			column = 0
		case column == p.columns:
			p.at, column = p.at+1, 0
			continue
		default:
			p.rows[p.at] += string(c)
			column++
		}
		text = text[1:]
	}
	return len(data), nil
}

func TestScreenStandsStill(t *testing.T) {
	p := &paper{columns: 20}
	rows := 24
	s := screen{out: p, size: func() (int, int) { return p.columns, rows }}
	for _, text := range []string{
		"short\n",
		"first\n  a line that is longer than the terminal is wide\nexactly twenty wide!\nlast\n",
		"first\n\nlast\n",
		"one\ntwo\nthree\nfour\n",
	} {
		require.NoError(t, s.draw(text))
		require.Equal(t, strings.ReplaceAll(text, "\n", ""), strings.Join(p.rows, ""))
		require.Equal(t, len(p.rows), p.at, "the cursor is below")
	}
	rows = 4
	require.NoError(t, s.draw("1\n2\n3\n4\n5\n"))
	require.Equal(t, []string{"1", "2", "3"}, p.rows, "a text that scrolled could not be drawn over")
}
