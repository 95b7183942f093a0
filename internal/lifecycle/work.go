package lifecycle

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// work is a step, or the proof before a commit, that runs beside the loop.
type work struct {
	step   Step
	intent Intent
	proof  bool
	// superseded: another revision is wanted, whatever this ends in.
	superseded bool
	cancel     context.CancelCauseFunc
	done       atomic.Int64
	total      atomic.Int64
	waiting    atomic.Pointer[string]
}

// result is how work ended.
type result struct {
	work    *work
	err     error
	failure *Failure // of a proof
}

// maxRetryDelay bounds the time between two attempts of a step.
const maxRetryDelay = 2 * time.Minute

// retryDelay doubles from one second.
func retryDelay(attempt int) time.Duration {
	return min(time.Second<<min(max(attempt-1, 0), 10), maxRetryDelay)
}

// Wrong bytes cost a whole download, or the writing of an image, at each attempt: a registry or proxy
// that gives no others must not eat a site's link, nor a bad disk itself.
const (
	spoiledDelay    = 15 * time.Minute
	maxSpoiledDelay = 6 * time.Hour
)

// codeCorrupt is the code of content that was downloaded and is not what its digest says.
const codeCorrupt = "content.corrupt"

// delayAfter is the time until the next attempt of a step that failed with the code, so many times
// in a row, and after so many times of wrong bytes. What was lost here is made again once at once: a
// power cut tears files.
func delayAfter(code string, attempt, spoiled int) time.Duration {
	lost := slices.Contains(contentLost, code)
	if lost {
		spoiled--
	}
	if spoiled > 0 && (lost || code == codeCorrupt) {
		return min(spoiledDelay<<min(spoiled-1, 10), maxSpoiledDelay)
	}
	return retryDelay(attempt)
}

// startStep writes the intent and starts the step.
func (e *Engine) startStep(ctx context.Context) error {
	j := &e.journal
	step := j.Plan.Steps[j.Step]
	if err := e.intend(step); err != nil {
		return err
	}
	if e.unsaved {
		if err := e.save(); err != nil {
			return err
		}
	}
	workCtx, cancel := context.WithCancelCause(ctx)
	w := &work{step: step, intent: *j.Intent, cancel: cancel}
	e.work = w
	if step.Action == Commit && j.Trial != nil && !e.proved {
		w.proof = true
		go e.prove(workCtx, w, *j.Trial)
		return nil
	}
	call := Call{
		Plan: *j.Plan, Index: j.Step, Step: step, Attempt: j.Intent.Attempt,
		StartedBoot: j.Intent.BootID, BootID: e.seen.BootID,
		Report: func(done, total int64) { w.done.Store(done); w.total.Store(total) },
	}
	go func() { e.results <- result{work: w, err: e.cfg.Actions.Run(workCtx, call)} }()
	return nil
}

// intend records that the step's effect may begin, once per step; a trial is in the journal
// before the boot loader hears of it.
func (e *Engine) intend(step Step) error {
	j := &e.journal
	if j.Intent != nil {
		return nil
	}
	j.Intent = &Intent{Since: time.Now(), BootID: e.seen.BootID}
	if step.Action == ArmTrial {
		var in ArmInput
		if err := json.Unmarshal(step.Input, &in); err != nil {
			return fmt.Errorf("reading the input of %s: %w", step.Action, err)
		}
		// A verdict of an earlier trial of the same revision does not count in this one.
		if err := e.cfg.State.RemoveAll(VerdictFile); err != nil {
			return err
		}
		j.Trial = &Trial{Target: j.Plan.Target, From: j.Plan.From, Good: in.Good}
	}
	if err := e.save(); err != nil {
		return err
	}
	e.recordFor(*j.Plan, "step.started", string(step.Action), "")
	return nil
}

func (e *Engine) prove(ctx context.Context, w *work, t Trial) {
	// On Go's monotonic clock: a host without a battery may learn the time during its trial.
	deadline := e.seen.DeadlineOf(t.Target, time.Now())
	waiting := func(text string) { w.waiting.Store(&text) }
	failure, err := Prove(ctx, t, e.cfg.Gates(t.Target), deadline, waiting)
	e.results <- result{work: w, err: err, failure: failure}
}

// finished takes the result of a step or proof.
func (e *Engine) finished(r result) {
	w := r.work
	w.cancel(nil)
	e.work = nil
	switch {
	case w.superseded:
		e.journal.dropPlan()
		e.saveOrLog()
	case r.err != nil:
		e.failed(r.err)
	case r.failure != nil:
		r.failure.BootID = e.seen.BootID
		e.journal.Trial.Failure = r.failure
		e.saveOrLog() // advance turns it into a refusal and the way back
	case w.proof:
		e.commitProved()
	case w.step.Action == Restart && w.intent.BootID == e.seen.BootID:
		// The reboot was asked for and is on its way. If it does not come, ask again, as a new
		// attempt: the old one's unit has ended well.
		e.journal.Intent.Attempt++
		e.saveOrLog()
		e.notBefore = time.Now().Add(maxRetryDelay)
	default:
		e.stepDone(w)
	}
}

// commitProved ends the proof: the commit itself is the same step, without a trial to prove.
func (e *Engine) commitProved() {
	e.record(event(time.Now(), "trial.proved", *e.journal.Trial, "all required gates pass"))
	e.proved = true
}

func (e *Engine) stepDone(w *work) {
	j := &e.journal
	e.proved = false
	e.recordFor(*j.Plan, "step.done", fmt.Sprintf("%s after %s", w.step.Action, time.Since(w.intent.Since).Round(time.Second)), "")
	if w.step.Action == Commit {
		j.commit(j.Plan.Target, time.Now())
		e.recordFor(*j.Plan, "revision.committed", j.Plan.Target.Profile.Title()+" is committed", "")
	}
	j.Step, j.Intent = j.Step+1, nil
	if j.at(Restart) && j.Plan.Class != ClassBack && j.Trial.OnTrial(e.seen) {
		j.Step++ // a cut took the place of the restart: the trial runs already
	}
	switch {
	case w.step.Action == Disarm:
		j.Trial = nil
		j.dropPlan()
	case w.step.Action == Switch:
		j.Spoiled = nil
	case j.Step == len(j.Plan.Steps):
		j.dropPlan()
	}
	e.saveOrLog()
}

// failed decides about a step that did not succeed: a rejected input is refused, as it would fail
// again; everything else is tried again, more and more slowly, until it succeeds or another
// revision is wanted. A switch is never a reason to refuse: what it meets is the host's.
func (e *Engine) failed(err error) {
	j := &e.journal
	if errors.Is(err, context.Canceled) {
		return // the loop is ending
	}
	defer e.saveOrLog()
	kind, code := fault.KindOf(err), fault.CodeOf(err)
	if (kind == fault.Input || kind == fault.Refused) && j.Trial == nil && !j.at(Switch) {
		j.refuse(j.Plan.Target, Failure{Code: code, Cause: err.Error()}, time.Now())
		e.recordFor(*j.Plan, "revision.refused", j.Plan.Target.Profile.Title()+" is refused: "+err.Error(), code)
		j.dropPlan()
		return
	}
	j.Intent.Attempt++
	j.Intent.Problem = err.Error()
	lost, spoiled := slices.Contains(contentLost, code), 0
	if lost || code == codeCorrupt {
		spoiled = j.spoil(j.Plan.Target.Revision.ID(), err.Error())
	}
	delay := delayAfter(code, j.Intent.Attempt, spoiled)
	e.notBefore = time.Now().Add(delay)
	e.recordFor(*j.Plan, "step.failed", fmt.Sprintf("%v; tried again in %s", err, delay), code)
	switch {
	case code == codeUnknownAction && j.Trial == nil:
		j.dropPlan()
	case j.at(Disarm):
		j.Step++ // to the switch that it could not call off
	case j.at(Switch) && (lost || !sameTarget(j.Target, &j.Plan.Target)):
		e.giveUpSwitch()
	case lost:
		j.Step = 0 // the steps before make again what this one found missing or damaged
	}
}

// contentLost are the codes of steps that found the work of an earlier step damaged or gone.
var contentLost = []string{"compose.layer-damaged", "compose.damaged", "content.missing"}

// drain waits for what runs beside the loop.
func (e *Engine) drain() {
	if e.work != nil {
		e.work.cancel(context.Canceled)
		<-e.results
		e.work = nil
	}
}

func (w *work) status(intent *Intent) *v1alpha1.WorkStatus {
	s := &v1alpha1.WorkStatus{Action: string(w.step.Action), Since: w.intent.Since, Done: w.done.Load(), Total: w.total.Load()}
	if w.proof {
		s.Action = "prove"
	}
	if text := w.waiting.Load(); text != nil {
		s.Detail = *text
	}
	if intent != nil {
		s.Attempt, s.Problem = intent.Attempt, intent.Problem
	}
	return s
}
