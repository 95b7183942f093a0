package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// statusSource is the agent, as far as watching needs it.
type statusSource interface {
	Status(ctx context.Context) (v1alpha1.HostStatus, error)
}

// watchInterval is how often the agent is asked.
const watchInterval = time.Second

// watchStatus shows the status until ctx ends: on a terminal it stands still and is drawn anew; for
// a pipe or a file it is printed when something that matters has changed.
func watchStatus(ctx context.Context, source statusSource, out, problems io.Writer, form string) error {
	show, complain := printer(out, problems, form)
	if size := terminalOf(out); size != nil && form == "text" {
		s := screen{out: out, size: size}
		show = func(status v1alpha1.HostStatus) error { return s.draw(statusText(status)) }
		complain = s.draw
	}
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	for {
		status, err := source.Status(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			err = complain(fault.Text(err) + "\n")
		default:
			err = show(status)
		}
		if err != nil {
			return fmt.Errorf("writing the status: %w", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// printer prints what differs from what it printed last. As json each status is one line, and
// what went wrong goes elsewhere: what reads the lines reads json.
func printer(out, problems io.Writer, form string) (show func(v1alpha1.HostStatus) error, complain func(string) error) {
	last := ""
	show = func(s v1alpha1.HostStatus) (err error) {
		key := statusKey(s)
		if key == last {
			return nil
		}
		last = key
		if form == "json" {
			return json.NewEncoder(out).Encode(s)
		}
		_, err = fmt.Fprintln(out, statusText(s)) // an empty line after each
		return err
	}
	complain = func(text string) (err error) {
		if text == last {
			return nil
		}
		last = text
		w := out
		if form == "json" {
			w = problems
		}
		_, err = io.WriteString(w, text)
		return err
	}
	return show, complain
}

// passingTime finds clock times and durations in sentences: "settling for another 8s".
var passingTime = regexp.MustCompile(`\b\d+:\d\d:\d\d\b|\b(\d+(\.\d+)?(h|ms|m|s))+\b`)

// statusKey is equal for statuses that say the same. It leaves out the times, which change by
// themselves, and all but each tenth of a step's progress.
func statusKey(s v1alpha1.HostStatus) string {
	s.Time, s.Running.BootedAt = time.Time{}, time.Time{}
	if s.Desired != nil {
		d := *s.Desired
		d.CheckedAt = time.Time{}
		s.Desired = &d
	}
	if s.Trial != nil {
		t := *s.Trial
		t.Deadline, t.Waiting = time.Time{}, passingTime.ReplaceAllString(t.Waiting, "")
		s.Trial = &t
	}
	if s.Work != nil {
		w := *s.Work
		w.Detail = passingTime.ReplaceAllString(w.Detail, "")
		if w.Total > 0 {
			w.Done = w.Done * 10 / w.Total
		} else {
			w.Done = 0
		}
		s.Work = &w
	}
	s.Why, s.Next = passingTime.ReplaceAllString(s.Why, ""), passingTime.ReplaceAllString(s.Next, "")
	s.Conditions = slices.Clone(s.Conditions)
	for i := range s.Conditions {
		s.Conditions[i].Since = time.Time{}
	}
	data, _ := json.Marshal(s)
	return string(data)
}

func statusText(s v1alpha1.HostStatus) string {
	var b strings.Builder
	_ = printStatus(&b, s, "text") // memory takes everything
	return b.String()
}

// terminalSize gives the columns and rows of a terminal as they are now.
type terminalSize func() (columns, rows int)

// terminalOf gives the size of the terminal that w is, or nil for anything else, and for a terminal
// that cannot move its cursor.
func terminalOf(w io.Writer) terminalSize {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("TERM") == "" || os.Getenv("TERM") == "dumb" {
		return nil
	}
	if _, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS); err != nil {
		return nil
	}
	return func() (columns, rows int) {
		size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
		if err != nil || size.Col == 0 || size.Row == 0 {
			return 80, 24 // a serial line does not know
		}
		return int(size.Col), int(size.Row)
	}
}

// screen draws a text over the one before, so that it stands still, and stays when watching ends.
type screen struct {
	out  io.Writer
	size terminalSize
	last string
}

// ECMA-48 sequences: CUU goes up, ED clears from the cursor to the end of the screen.
const (
	cursorUp   = "\x1b[%dA"
	clearBelow = "\x1b[J"
)

// draw shows as much of a text, which ends in a newline, as the terminal has room for.
func (s *screen) draw(text string) error {
	columns, rows := s.size()
	shown := ""
	for line := range strings.Lines(text) {
		if rowsOf(shown+line, columns) >= rows { // the cursor needs the last row
			break
		}
		shown += line
	}
	if shown == s.last {
		return nil
	}
	up := ""
	if n := rowsOf(s.last, columns); n > 0 {
		up = fmt.Sprintf(cursorUp, n)
	}
	s.last = shown
	_, err := io.WriteString(s.out, up+"\r"+clearBelow+shown) // at once: it must not flicker
	return err
}

// rowsOf is how many rows the lines take on a terminal that wraps them.
func rowsOf(text string, columns int) int {
	rows := 0
	for line := range strings.Lines(text) {
		rows += max(1, (utf8.RuneCountInString(strings.TrimSuffix(line, "\n"))+columns-1)/columns)
	}
	return rows
}
