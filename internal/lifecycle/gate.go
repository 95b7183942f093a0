package lifecycle

import (
	"context"
	"fmt"
	"time"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Gate is one thing that must hold before a revision is committed.
type Gate interface {
	Check(ctx context.Context) Finding
}

// Finding is what a gate found.
type Finding struct {
	OK      bool
	Message string // why not, or what was found
}

// NamedGate is a gate with the rules by which it counts.
type NamedGate struct {
	Name     string
	Gate     Gate
	Required bool
	// Timeout is how long it may take to pass for the first time, Settle how long it must keep
	// passing.
	Timeout, Settle time.Duration
}

// gateInterval is the time between two looks at the gates.
const gateInterval = 2 * time.Second

// Prove looks at the gates until all required ones have passed and settled. It returns a Failure
// if one did not pass in its time or the deadline came, and an error only if ctx ends. What it
// still waits for is told through waiting.
func Prove(ctx context.Context, t Trial, gates []NamedGate, deadline time.Time, waiting func(string)) (*Failure, error) {
	p := prover{gates: gates, begun: time.Now(), since: make([]time.Time, len(gates)), passed: make([]bool, len(gates))}
	tick := time.NewTicker(gateInterval)
	defer tick.Stop()
	for {
		pending, failed := p.look(ctx)
		if ctx.Err() != nil {
			return nil, fmt.Errorf("proving the revision: %w", context.Cause(ctx))
		}
		waiting(pending)
		switch {
		case failed != "":
			return t.fail(CodeGateFailed, failed), nil
		case pending == "":
			return nil, nil
		case !time.Now().Before(deadline):
			return t.fail(CodeDeadline, "not healthy at the deadline; "+pending), nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("proving the revision: %w", context.Cause(ctx))
		case <-tick.C:
		}
	}
}

// prover remembers how long each gate has been passing.
type prover struct {
	gates  []NamedGate
	begun  time.Time
	since  []time.Time // when the gate began to pass without a break; zero: it does not
	passed []bool      // it has passed at least once
}

// look checks every gate. It gives the first thing that a required gate still waits for, and the
// gate whose time is up.
func (p *prover) look(ctx context.Context) (pending, failed string) {
	for i, g := range p.gates {
		waits := p.lookAt(ctx, i)
		if waits == "" || !g.Required {
			continue
		}
		if !p.passed[i] && time.Since(p.begun) > g.Timeout {
			return pending, fmt.Sprintf("%s; it did not pass within %s", waits, g.Timeout)
		}
		if pending == "" {
			pending = waits
		}
	}
	return pending, ""
}

// lookAt checks one gate and says what it waits for, "" once it has passed and settled.
func (p *prover) lookAt(ctx context.Context, i int) string {
	g := p.gates[i]
	finding := g.Gate.Check(ctx)
	if !finding.OK {
		p.since[i] = time.Time{}
		return fmt.Sprintf("gate %s: %s", g.Name, finding.Message)
	}
	p.passed[i] = true
	if p.since[i].IsZero() {
		p.since[i] = time.Now()
	}
	if left := g.Settle - time.Since(p.since[i]); left > 0 {
		return fmt.Sprintf("gate %s: passes, settling for another %s", g.Name, left.Round(time.Second))
	}
	return ""
}

func (t Trial) fail(code, cause string) *Failure {
	return &Failure{Revision: t.Target.Revision.ID(), Code: code, Cause: cause, Tries: max(t.Try, 1)}
}

// GateRules turns a profile's gate into the rules for it, filling in the defaults.
func GateRules(spec v1alpha1.GateSpec, gate Gate) NamedGate {
	return NamedGate{
		Name: spec.Name, Gate: gate, Required: spec.IsRequired(),
		Timeout: spec.Timeout.Or(v1alpha1.DefaultGateTimeout),
		Settle:  spec.Settle.Or(v1alpha1.DefaultGateSettle),
	}
}
