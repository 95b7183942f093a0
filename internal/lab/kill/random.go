package kill

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"
)

// Phases are those in which random deaths are wanted, in the order of the road.
func phases() []phase { return []phase{pull, composing, switching} }

// Random kills at random moments until there are as many in each phase as wanted.
func Random(ctx context.Context, c Config) (err error) {
	l, err := newLab(ctx, c, "random")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	l.machine.Start(ctx)
	if err := l.measure(ctx); err != nil {
		return err
	}
	tally := map[phase][]death{}
	spent := map[phase]time.Duration{}
	for tries := 0; len(lacking(tally, c.Count)) > 0; tries++ {
		if tries > 4*c.Count+4 {
			return fmt.Errorf("too few kills hit their phase: %s", describe(tally))
		}
		var deaths []death
		for _, p := range lacking(tally, c.Count) {
			deaths = append(deaths, l.deathAt(p))
		}
		t, err := l.road(ctx, deaths, 0)
		if err != nil {
			return err
		}
		for _, d := range t.struck {
			tally[d.phase] = append(tally[d.phase], d)
		}
		for p, took := range t.phases {
			spent[p] += took
		}
		l.learn(t)
		l.tell("%-10s %5.1f s  killed: %v; missed: %v", l.title(), t.took.Seconds(), t.struck, t.missed)
	}
	l.tell("random kills (seed %d): %s", c.Seed, describe(tally))
	l.tell("time from each phase's last start to its end: %s", times(spent))
	l.tell("bytes served beyond the blobs' sizes: %s", l.waste())
	return nil
}

// measure takes the road to the first two versions without a death: the first has everything to
// pull, the second is like all the following ones.
func (l *lab) measure(ctx context.Context) error {
	for n := range 2 {
		if n == 1 { // what a host does once in its life, as giving itself an ID, is met by no later trip
			if err := os.Truncate(l.labFile(logFile), 0); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("forgetting the first trip: %w", err)
			}
		}
		t, err := l.road(ctx, nil, 0)
		if err != nil {
			return err
		}
		l.learn(t)
		l.tell("%-10s %5.1f s  undisturbed: %s", l.title(), t.took.Seconds(), times(t.phases))
	}
	for _, p := range phases() {
		if l.typical[p] < 5*watchTime {
			return fmt.Errorf("%s is over too quickly (%s) to be killed in", p, l.typical[p])
		}
	}
	return nil
}

// learn takes the shortest undisturbed time of each phase: a moment drawn beyond a phase's end would
// be missed.
func (l *lab) learn(t trip) {
	for p, took := range t.phases {
		disturbed := slices.ContainsFunc(t.struck, func(d death) bool { return d.phase == p })
		if best, known := l.typical[p]; !disturbed && (!known || took < best) {
			l.typical[p] = took
		}
	}
}

func lacking(tally map[phase][]death, count int) []phase {
	return slices.DeleteFunc(phases(), func(p phase) bool { return len(tally[p]) >= count })
}

func times(of map[phase]time.Duration) string {
	var parts []string
	for _, p := range phases() {
		parts = append(parts, fmt.Sprintf("%s %.1f s", p, of[p].Seconds()))
	}
	return strings.Join(parts, ", ")
}

// describe counts the deaths by phase and victim.
func describe(tally map[phase][]death) string {
	var parts []string
	for _, p := range phases() {
		by := map[victim]int{}
		for _, d := range tally[p] {
			by[d.victim]++
		}
		parts = append(parts, fmt.Sprintf("%s %d %v", p, len(tally[p]), by))
	}
	return strings.Join(parts, ", ")
}
