package lifecycle

import (
	"context"
	"time"
)

// answer is what a source said.
type answer struct {
	target *Target
	err    error
	at     time.Time
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
		}
		target, err := source.Next(ctx)
		select {
		case <-ctx.Done():
			return
		case e.targets <- answer{target: target, err: err, at: time.Now()}:
		}
		timer.Reset(interval())
	}
}
