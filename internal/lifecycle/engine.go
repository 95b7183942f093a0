package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Config is what an engine works with.
type Config struct {
	State    *durable.Root
	Observer Observer
	Actions  Actions
	// Gates gives the gates of a target.
	Gates func(Target) []NamedGate
	// Beat is called at least every BeatInterval while the loop runs: it feeds the watchdog.
	Beat func()
	Log  *zap.Logger
	// AgentVersion is told in the status.
	AgentVersion string
}

// BeatInterval is the longest time between two beats of a loop that is not stuck.
const BeatInterval = time.Second

// Engine is the loop. One goroutine owns the journal; steps, proofs and the source run beside it
// and report through channels, so that the loop answers and beats while they work.
type Engine struct {
	cfg     Config
	journal Journal
	events  EventLog
	seen    Seen

	work      *work
	proved    bool      // the gates passed; the commit itself is next
	notBefore time.Time // the next attempt of a step that failed
	lookAgain time.Time // the next attempt to observe, after one that failed
	unsaved   bool      // the last save failed
	results   chan result
	asks      chan func()
	targets   chan answer
	look      chan struct{} // the source is to be asked at once
	source    v1alpha1.DesiredStatus
	status    atomic.Pointer[v1alpha1.HostStatus]
	plan      atomic.Pointer[Plan]
}

// New makes an engine; Run starts it.
func New(cfg Config) *Engine {
	return &Engine{
		cfg: cfg, events: NewEventLog(cfg.State),
		results: make(chan result), asks: make(chan func()), targets: make(chan answer),
		look: make(chan struct{}, 1),
	}
}

// Run is the loop. It ends with ctx, leaving step units running: the next agent finds them
// again. It returns an error only if the journal cannot be written.
func (e *Engine) Run(ctx context.Context) error {
	if err := e.load(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer e.drain() // runs after cancel: nothing outlives the loop
	defer cancel()
	beat := time.NewTicker(BeatInterval)
	defer beat.Stop()
	for {
		if err := e.advance(ctx); err != nil {
			return err
		}
		e.report()
		e.cfg.Beat()
		select {
		case <-ctx.Done():
			return nil
		case <-beat.C:
		case ask := <-e.asks:
			ask()
		case a := <-e.targets:
			e.answered(a)
		case r := <-e.results:
			e.finished(r)
		}
	}
}

func (e *Engine) load() error {
	now := time.Now()
	journal, err := LoadJournal(e.cfg.State, now)
	e.journal = journal
	if err != nil {
		e.cfg.Log.Error("starting with an empty journal", zap.Error(err))
		e.record(v1alpha1.Event{Time: now, Type: "journal.damaged", Message: err.Error(), Code: fault.CodeOf(err)})
		return e.save()
	}
	return nil
}

// advance observes, recovers, compares, and starts the next step if none is running and none has
// to wait before it is tried again.
func (e *Engine) advance(ctx context.Context) error {
	if e.work != nil || time.Now().Before(e.lookAgain) {
		return nil
	}
	at := time.Now()
	seen, err := e.cfg.Observer.Observe(ctx)
	seen.At = at
	if err != nil {
		e.cfg.Log.Warn("observing", zap.Error(err))
		e.lookAgain = time.Now().Add(retryDelay(1))
		e.seen.Problems = []string{err.Error()}
		return nil
	}
	e.seen = seen
	journal, events := Recover(e.journal, seen, time.Now())
	if len(events) > 0 || journal.Step != e.journal.Step {
		e.journal = journal
		if err := e.save(); err != nil {
			return err
		}
		e.record(events...)
		e.notBefore = time.Time{} // what had failed is not what comes next
	}
	if time.Now().Before(e.notBefore) {
		return nil
	}
	if e.journal.Plan == nil {
		if err := e.compare(); err != nil || e.journal.Plan == nil {
			return err
		}
	}
	return e.startStep(ctx)
}

// compare makes the plan and writes it down.
func (e *Engine) compare() error {
	plan := Diff(e.journal.Target, e.seen, e.journal)
	e.plan.Store(&plan)
	now := time.Now()
	switch {
	case plan.Refusal != nil:
		e.journal.refuse(plan.Target, *plan.Refusal, now)
		e.recordFor(plan, "revision.refused", plan.Target.Profile.Title()+" is refused: "+plan.Refusal.Cause, plan.Refusal.Code)
	case plan.Empty():
		return nil
	default:
		e.journal.startPlan(plan, now)
		e.recordFor(plan, "plan.started", fmt.Sprintf("to %s: %s", plan.Target.Profile.Title(), plan.Why), "")
	}
	return e.save()
}

// answered takes what the source said. A new target replaces a plan that has not yet touched the
// boot loader or the slots, or whose switch fails; otherwise the plan in progress is finished first.
func (e *Engine) answered(a answer) {
	e.source.Source, e.source.Problem, e.source.Remedy = a.reference, "", ""
	if a.err != nil {
		e.source.Problem, e.source.Remedy = a.err.Error(), fault.RemedyOf(a.err)
		return
	}
	e.source.CheckedAt = a.at
	if sameTarget(e.journal.Target, a.target) {
		return
	}
	e.journal.Target = a.target
	if a.target != nil {
		e.record(v1alpha1.Event{
			Time: a.at, Type: "target.changed", Revision: a.target.Revision.ID(),
			Message: fmt.Sprintf("%s is wanted (%s)", a.target.Profile.Title(), a.target.Source),
		})
	}
	e.notBefore = time.Time{} // what failed may not be wanted any more
	e.supersede()
	e.saveOrLog()
}

func (e *Engine) supersede() {
	j := &e.journal
	switch {
	case j.Plan == nil, j.Plan.Class == ClassBack, j.at(Disarm):
	case j.at(Switch):
		if e.work == nil { // otherwise its end decides: nobody interrupts kairos-agent
			e.giveUpSwitch()
		}
	case j.Trial != nil, j.past(Switch) && j.Plan.Class == ClassImage:
	case e.work != nil:
		e.work.superseded = true
		e.work.cancel(errSuperseded) // finished drops the plan
	default:
		j.dropPlan()
	}
}

// giveUpSwitch drops a plan whose switch failed. The trial that was armed for it is taken back
// first; if that turns out to be impossible, because the slots have changed, the switch goes on.
func (e *Engine) giveUpSwitch() {
	switch j := &e.journal; {
	case j.Trial == nil: // from passive, where nothing is armed before the switch
		j.dropPlan()
	case !j.Trial.OnTrial(e.seen): // what runs already is proved, and not given up
		j.disarmFirst(e.seen.BootID, time.Now())
	}
}

var errSuperseded = errors.New("another revision is wanted now")

// save writes the journal; without it no effect may start.
func (e *Engine) save() error {
	err := SaveJournal(e.cfg.State, e.journal)
	e.unsaved = err != nil
	return err
}

// saveOrLog is for changes that begin no effect: the next step is not started before they are saved.
func (e *Engine) saveOrLog() {
	if err := e.save(); err != nil {
		e.cfg.Log.Error("saving the journal", zap.Error(err))
	}
}

func (e *Engine) record(events ...v1alpha1.Event) {
	for _, ev := range events {
		e.cfg.Log.Info(ev.Message, zap.String("event", ev.Type), zap.String("revision", ev.Revision.Short()))
	}
	if err := e.events.Append(events...); err != nil {
		e.cfg.Log.Error("writing the history", zap.Error(err))
	}
}

func (e *Engine) recordFor(p Plan, kind, message, code string) {
	e.record(v1alpha1.Event{
		Time: time.Now(), Type: kind, Message: message, Code: code, Revision: p.Target.Revision.ID(),
	})
}

func sameTarget(a, b *Target) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Revision == b.Revision && a.Source == b.Source
}
