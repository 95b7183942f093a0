package kill

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/stylet-edge/stylet/internal/lab/nspawn"
	"github.com/stylet-edge/stylet/internal/lifecycle"
)

// phase is one of the long parts of the road, as the journal names its step.
type phase string

const (
	pull      = phase(lifecycle.EnsureContent)
	composing = phase(lifecycle.Compose)
	switching = phase(lifecycle.Switch)
)

// victim says what dies together with the agent.
type victim string

const (
	agentAlone victim = "agent"         // the step goes on in its unit, and is found again
	agentStep  victim = "agent+step"    // every process of the step's unit too
	agentMain  victim = "agent+program" // of the step only `stylet step`: its children are systemd's to end
	power      victim = "power"         // everything
)

// death is a kill to come: of whom, in which phase, at which part of its usual length.
type death struct {
	phase    phase
	fraction float64
	victim   victim
}

func (d death) String() string {
	return fmt.Sprintf("%s at %.0f%% of %s", d.victim, d.fraction*100, d.phase)
}

// deathAt draws a death in a phase. In pull there is no step unit.
func (l *lab) deathAt(p phase) death {
	victims := []victim{agentAlone, agentAlone, agentStep, agentMain, power}
	if p == pull {
		victims = []victim{agentAlone, agentAlone, agentAlone, power}
	}
	return death{phase: p, fraction: l.random.Float64(), victim: victims[l.random.IntN(len(victims))]}
}

// errMissed means that the phase was over before the blow.
var errMissed = errors.New("the phase was over")

// strike kills. The agent is stopped first, and only killed when its journal, which nobody else
// writes, says that the phase is in progress.
func (l *lab) strike(d death) error {
	processes, err := l.machine.Processes()
	if err != nil {
		return errMissed
	}
	agent, ok := find(processes, "agent")
	if !ok {
		return errMissed // it is just being restarted
	}
	if err := syscall.Kill(agent.Pid, syscall.SIGSTOP); err != nil {
		return errMissed
	}
	defer func() { _ = syscall.Kill(agent.Pid, syscall.SIGCONT) }() // no harm to a dead one
	if j, err := l.journal(); err != nil || inProgress(j) != d.phase {
		return errMissed
	}
	if d.victim == power {
		l.machine.Cut()
		return nil
	}
	if err := syscall.Kill(agent.Pid, syscall.SIGKILL); err != nil {
		return fmt.Errorf("killing the agent: %w", err)
	}
	step, ok := find(processes, "step")
	if d.victim == agentAlone || !ok {
		return nil
	}
	if d.victim == agentStep {
		killTree(step.Pid)
		return nil
	}
	_ = syscall.Kill(step.Pid, syscall.SIGKILL) // it may have ended meanwhile: then that was the moment
	return nil
}

// find looks for `stylet VERB`.
func find(processes []nspawn.Inside, verb string) (nspawn.Inside, bool) {
	for _, p := range processes {
		if len(p.Argv) > 1 && strings.HasSuffix(p.Argv[0], "/stylet") && p.Argv[1] == verb {
			return p, true
		}
	}
	return nspawn.Inside{}, false
}

// killTree kills a process and all that it started, the parents first, so that none sees a child die.
func killTree(pid int) {
	children := nspawn.Children(pid)
	_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended
	for _, child := range children {
		killTree(child)
	}
}

// inProgress gives the step whose effect may have begun.
func inProgress(j lifecycle.Journal) phase {
	if j.Plan == nil || j.Intent == nil || j.Step >= len(j.Plan.Steps) {
		return ""
	}
	return phase(j.Plan.Steps[j.Step].Action)
}

// due is the moment of a death, from when the phase was first seen and how long it usually takes.
func (l *lab) due(d death, since time.Time) time.Time {
	return since.Add(time.Duration(d.fraction * float64(l.typical[d.phase])))
}
