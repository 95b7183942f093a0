package kill

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// point is a kill point of internal/base/killpoint on the road of one of stylet's processes.
type point struct {
	// process is its unit without what differs from plan to plan: stylet-agent, stylet-step-compose.
	process, name string
}

func (p point) String() string { return p.process + " at " + p.name }

// arrivals counts how often a process, from its start to its end, came to a point.
type arrivals map[point]int

const (
	logFile  = "kill.log"
	planFile = "kill.plan"
)

// Points kills each of stylet's processes once at every kill point that it meets on the road from
// one version to the next. A trip has at most one such death for each process.
func Points(ctx context.Context, c Config) (err error) {
	l, err := newLab(ctx, c, "points", "killpoints")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	l.machine.Env = []string{"STYLET_KILL_LOG=/run/lab/" + logFile, "STYLET_KILL_PLAN=/run/lab/" + planFile}
	if err := l.plan(nil); err != nil {
		return err
	}
	l.machine.Start(ctx)
	if err := l.measure(ctx); err != nil {
		return err
	}
	met, err := l.met()
	if err != nil {
		return err
	}
	if len(met) < 20 {
		return fmt.Errorf("only %d kill points were met: is this the build with the tag killpoints?", len(met))
	}
	left := slices.SortedFunc(maps.Keys(met), func(a, b point) int { return strings.Compare(a.String(), b.String()) })
	l.random.Shuffle(len(left), func(i, j int) { left[i], left[j] = left[j], left[i] })
	died := 0
	for tries := 0; len(left) > 0; tries++ {
		if tries > 2*len(met) {
			return fmt.Errorf("these kill points were met once, and never again: %v", left)
		}
		killed, err := l.dieAt(ctx, onePerProcess(left), met)
		if err != nil {
			return err
		}
		died += len(killed)
		left = slices.DeleteFunc(left, func(p point) bool { return slices.Contains(killed, p) })
	}
	l.tell("kill points: %d met, a death at each of them: %d", len(met), died)
	l.tell("bytes served beyond the blobs' sizes: %s", l.waste())
	return nil
}

// onePerProcess takes the first point of each process.
func onePerProcess(left []point) []point {
	var chosen []point
	for _, p := range left {
		if !slices.ContainsFunc(chosen, func(c point) bool { return c.process == p.process }) {
			chosen = append(chosen, p)
		}
	}
	return chosen
}

// dieAt makes one trip with a death at each of the points, at an arrival drawn from as many as
// were seen, and gives those that came about.
func (l *lab) dieAt(ctx context.Context, points []point, met arrivals) ([]point, error) {
	var lines []string
	chosen := map[string]point{}
	kills := 0
	for _, p := range points {
		line := fmt.Sprintf("%s %s %d", p.process, p.name, 1+l.random.IntN(met[p]))
		lines = append(lines, line)
		chosen[line] = p
		if p.process == agentProcess {
			kills++
		}
	}
	if err := l.plan(lines); err != nil {
		return nil, err
	}
	t, err := l.road(ctx, nil, kills)
	if err != nil {
		return nil, fmt.Errorf("with deaths at %v: %w", lines, err)
	}
	left, err := os.ReadFile(l.labFile(planFile))
	if err != nil {
		return nil, fmt.Errorf("reading which deaths came about: %w", err)
	}
	for line := range strings.Lines(string(left)) {
		delete(chosen, strings.TrimSpace(line))
	}
	killed := slices.Collect(maps.Values(chosen))
	l.tell("%-10s %5.1f s  died: %v; not reached: %d", l.title(), t.took.Seconds(), killed, len(points)-len(killed))
	return killed, nil
}

const agentProcess = "stylet-agent"

func (l *lab) labFile(name string) string { return filepath.Join(l.machine.LabDir(), name) }

// plan lays out where processes are to die.
func (l *lab) plan(lines []string) error {
	text := strings.Join(lines, "\n")
	if text != "" {
		text += "\n"
	}
	if err := os.WriteFile(l.labFile(planFile), []byte(text), 0o644); err != nil {
		return fmt.Errorf("planning the deaths: %w", err)
	}
	return nil
}

// met reads which points were met so far, and how often by one process at most.
func (l *lab) met() (arrivals, error) {
	data, err := os.ReadFile(l.labFile(logFile))
	if err != nil {
		return nil, fmt.Errorf("reading which kill points were met: %w", err)
	}
	each, most := map[string]int{}, arrivals{}
	for line := range strings.Lines(string(data)) {
		unit, rest, ok := strings.Cut(strings.TrimSpace(line), "[")
		_, name, named := strings.Cut(rest, "] ")
		if !ok || !named {
			return nil, fmt.Errorf("reading which kill points were met: %q", line)
		}
		each[line]++
		p := point{process: role(unit), name: name}
		most[p] = max(most[p], each[line])
	}
	return most, nil
}

// role drops plan, index and attempt from the name of a step's unit.
func role(unit string) string {
	parts := strings.Split(unit, "-")
	if strings.HasPrefix(unit, "stylet-step-") && len(parts) > 5 {
		return strings.Join(parts[:len(parts)-3], "-")
	}
	return unit
}
