package lifecycle

import (
	"context"
	"slices"
	"time"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Status gives the last status reported; zero until the loop has run once.
func (e *Engine) Status() v1alpha1.HostStatus {
	if s := e.status.Load(); s != nil {
		return *s
	}
	return v1alpha1.HostStatus{SchemaVersion: StatusSchema, Summary: "the agent is starting"}
}

// Plan gives the plan in progress, or the last comparison.
func (e *Engine) Plan() Plan {
	if p := e.plan.Load(); p != nil {
		return *p
	}
	return Plan{Class: ClassNone, Why: "the agent is starting"}
}

// Events gives the host's history, the oldest first.
func (e *Engine) Events() ([]v1alpha1.Event, error) { return e.events.Read() }

// Retry forgets the refusals of the revisions whose ID begins with the given hex digits (all of
// them for ""), so that they may be tried again, and lets a step that waits try at once. It gives
// the refusals forgotten.
func (e *Engine) Retry(ctx context.Context, prefix string) ([]v1alpha1.RefusedRevision, error) {
	var forgotten []v1alpha1.RefusedRevision
	var failure error
	done := make(chan struct{})
	ask := func() {
		defer close(done)
		forgotten, failure = e.forget(prefix)
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case e.asks <- ask:
	}
	<-done
	return forgotten, failure
}

func (e *Engine) forget(prefix string) ([]v1alpha1.RefusedRevision, error) {
	matches := func(r v1alpha1.RefusedRevision) bool {
		hex := r.Revision.Hex()
		return len(hex) >= len(prefix) && hex[:len(prefix)] == prefix
	}
	var forgotten, kept []v1alpha1.RefusedRevision
	for _, r := range e.journal.Refused {
		if matches(r) {
			forgotten = append(forgotten, r)
		} else {
			kept = append(kept, r)
		}
	}
	e.notBefore = time.Time{}
	if len(forgotten) == 0 {
		if prefix != "" {
			return nil, fault.New(fault.Input, "retry.unknown", "see `stylet status` for the refused revisions",
				"no refused revision begins with %q", prefix)
		}
		return nil, nil
	}
	before := e.journal.Refused
	e.journal.Refused = kept
	if err := e.save(); err != nil {
		e.journal.Refused = before
		return nil, err
	}
	for _, r := range forgotten {
		e.record(v1alpha1.Event{Time: time.Now(), Type: "revision.retried", Message: "a person asked to try " + r.Profile + " again", Revision: r.Revision})
	}
	return forgotten, nil
}

func (e *Engine) report() {
	var w *v1alpha1.WorkStatus
	if e.work != nil {
		w = e.work.status(e.journal.Intent)
	} else if e.journal.Intent != nil && e.journal.Plan != nil {
		w = (&work{step: e.journal.Plan.Steps[e.journal.Step], intent: *e.journal.Intent}).status(e.journal.Intent)
	}
	if e.journal.Plan != nil {
		plan := *e.journal.Plan
		e.plan.Store(&plan)
	}
	s := BuildStatus(e.journal, e.seen, e.source, w, time.Now())
	s.AgentVersion = e.cfg.AgentVersion
	s.Refused = slices.Clone(s.Refused)
	e.status.Store(&s)
}
