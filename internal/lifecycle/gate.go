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
// if one did not pass in its time or the deadline came, and an error only if ctx ends. The last
// findings are told through waiting.
func Prove(ctx context.Context, t Trial, gates []NamedGate, deadline time.Time, waiting func(string)) (*Failure, error) {
	begun := time.Now()
	passingSince := make([]time.Time, len(gates))
	passedOnce := make([]bool, len(gates))
	tick := time.NewTicker(gateInterval)
	defer tick.Stop()
	for {
		pending := ""
		for i, g := range gates {
			finding := g.Gate.Check(ctx)
			if ctx.Err() != nil {
				return nil, fmt.Errorf("proving the revision: %w", context.Cause(ctx))
			}
			if !finding.OK {
				passingSince[i] = time.Time{}
				if g.Required && !passedOnce[i] && time.Since(begun) > g.Timeout {
					return t.fail(CodeGateFailed, fmt.Sprintf("the gate %s did not pass within %s: %s", g.Name, g.Timeout, finding.Message)), nil
				}
				pending = firstOf(pending, g.Required, fmt.Sprintf("gate %s: %s", g.Name, finding.Message))
				continue
			}
			passedOnce[i] = true
			if passingSince[i].IsZero() {
				passingSince[i] = time.Now()
			}
			if left := g.Settle - time.Since(passingSince[i]); left > 0 {
				pending = firstOf(pending, g.Required, fmt.Sprintf("gate %s: passes, settling for another %s", g.Name, left.Round(time.Second)))
			}
		}
		waiting(pending)
		if pending == "" {
			return nil, nil
		}
		if !time.Now().Before(deadline) {
			return t.fail(CodeDeadline, "not healthy at the deadline; "+pending), nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("proving the revision: %w", context.Cause(ctx))
		case <-tick.C:
		}
	}
}

func (t Trial) fail(code, cause string) *Failure {
	return &Failure{Revision: t.Target.Revision.ID(), Code: code, Cause: cause, Tries: max(t.Try, 1)}
}

func firstOf(have string, required bool, text string) string {
	if have != "" || !required {
		return have
	}
	return text
}

// GateRules turns a profile's gate into the rules for it, filling in the defaults.
func GateRules(spec v1alpha1.GateSpec, gate Gate) NamedGate {
	return NamedGate{
		Name: spec.Name, Gate: gate, Required: spec.IsRequired(),
		Timeout: spec.Timeout.Or(v1alpha1.DefaultGateTimeout),
		Settle:  spec.Settle.Or(v1alpha1.DefaultGateSettle),
	}
}
