package lifecycle

import (
	"context"
	"time"
)

// answer is what a source said.
type answer struct {
	reference string
	target    *Target
	err       error
	at        time.Time
}

// Poll asks the source again and again and tells the engine, until ctx ends. The interval is
// asked for anew each time, since the answer may change it.
func (e *Engine) Poll(ctx context.Context, source Source, interval func() time.Duration) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-e.look:
		}
		reference, target, err := source.Next(ctx)
		select {
		case <-ctx.Done():
			return
		case e.targets <- answer{reference: reference, target: target, err: err, at: time.Now()}:
		}
		timer.Reset(interval())
	}
}

// Look lets the source be asked at once: what it goes by has changed.
func (e *Engine) Look() {
	select {
	case e.look <- struct{}{}:
	default: // it is about to be asked anyway
	}
}
