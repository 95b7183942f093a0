package kill

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/stylet-edge/stylet/internal/lifecycle"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

const (
	// watchTime is the time between two looks at the journal.
	watchTime = 10 * time.Millisecond
	// roadTime bounds the way from one version to the next, all deaths included.
	roadTime = 8 * time.Minute
	// judgeTime is how long small things may take to settle once the version is committed.
	judgeTime = 40 * time.Second
)

// trip is what happened between two versions.
type trip struct {
	took   time.Duration
	struck []death // that hit
	missed []death // whose phase was over first
	phases map[phase]time.Duration
}

// pullKills counts the deaths that may have cost a chunk.
func (t trip) pullKills() int {
	n := 0
	for _, d := range t.struck {
		if d.phase == pull {
			n++
		}
	}
	return n
}

// road publishes a version and watches the machine getting there, dying on the way. As many other
// kills of the agent as are given may cost a chunk each, too.
func (l *lab) road(ctx context.Context, deaths []death, otherKills int) (trip, error) {
	if err := l.publish(ctx, ordinary); err != nil {
		return trip{}, err
	}
	begun := time.Now()
	ctx, cancel := context.WithTimeoutCause(ctx, roadTime, errors.New("it takes too long"))
	defer cancel()
	w := watch{lab: l, pending: slices.Clone(deaths), since: map[phase]time.Time{}, trip: trip{phases: map[phase]time.Duration{}}}
	if err := w.untilCommitted(ctx); err != nil {
		return w.trip, fmt.Errorf("on the way to %s (%v struck): %w", l.title(), w.trip.struck, err)
	}
	w.trip.missed = w.pending
	if err := l.judge(ctx, w.trip.pullKills()+otherKills); err != nil {
		return w.trip, fmt.Errorf("at %s (%v struck): %w", l.title(), w.trip.struck, err)
	}
	w.trip.took = time.Since(begun)
	return w.trip, nil
}

// watch follows the journal through one trip.
type watch struct {
	*lab
	pending []death
	since   map[phase]time.Time // when a phase was first seen
	now     phase
	trip    trip
}

func (w *watch) untilCommitted(ctx context.Context) error {
	tick := time.NewTicker(watchTime)
	defer tick.Stop()
	for {
		if err := w.machine.Err(); err != nil {
			return err
		}
		if j, err := w.journal(); err == nil {
			if err := refusedIn(j, w.title()); err != nil {
				return err
			}
			if j.Plan == nil && len(j.Committed) > 0 && j.Committed[len(j.Committed)-1].Profile == w.title() {
				return nil
			}
			if err := w.see(inProgress(j)); err != nil {
				return err
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// see takes note of the phase, and strikes when a death in it is due.
func (w *watch) see(now phase) error {
	if now != w.now {
		if begun, ok := w.since[w.now]; ok {
			w.trip.phases[w.now] = time.Since(begun)
		}
		w.now = now
	}
	if _, seen := w.since[now]; !seen && now != "" {
		w.since[now] = time.Now()
	}
	for i, d := range w.pending {
		if d.phase != now || time.Now().Before(w.due(d, w.since[now])) {
			continue
		}
		err := w.strike(d)
		if errors.Is(err, errMissed) {
			return nil // perhaps it comes again
		}
		w.pending = slices.Delete(w.pending, i, i+1)
		if err == nil {
			w.trip.struck = append(w.trip.struck, d)
			delete(w.since, now) // the next one in this phase counts from its new beginning
		}
		return err
	}
	return nil
}

func refusedIn(j lifecycle.Journal, title string) error {
	for _, r := range j.Refused {
		if r.Profile == title {
			return fmt.Errorf("it was refused: %s [%s]", r.Cause, r.Code)
		}
	}
	return nil
}

// journal reads the machine's journal. It fails while no system runs.
func (l *lab) journal() (lifecycle.Journal, error) {
	var j lifecycle.Journal
	data, err := l.machine.ReadFile("/usr/local/.stylet/" + lifecycle.JournalFile)
	if err == nil {
		err = json.Unmarshal(data, &j)
	}
	return j, err
}

// status asks as a person does.
func (l *lab) status(ctx context.Context) (s v1alpha1.HostStatus, err error) {
	out, err := l.machine.Exec(ctx, "stylet", "status", "-o", "json")
	if err != nil {
		return s, err
	}
	err = json.Unmarshal(out, &s)
	return s, err
}
