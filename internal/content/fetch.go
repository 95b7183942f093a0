package content

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/stylet-edge/stylet/internal/base/fault"
)

// errStalled is the cause of a request that was ended because no byte came.
var errStalled = errors.New("no byte arrived")

// errRange marks an answer that the range asked for is not in the blob.
var errRange = errors.New("the registry has no such range of the blob")

// fetchAll asks for chunk after chunk until all bytes are there. A request that brought bytes
// before it failed starts the count of tries anew: a bad link is slow, not broken.
func (t *transfer) fetchAll(ctx context.Context) error {
	patience := t.store.patience
	pauses := backoff.ExponentialBackOff{InitialInterval: patience.FirstPause, MaxInterval: patience.MaxPause, Multiplier: 2, RandomizationFactor: 0.3}
	failures := 0
	for t.done < t.want.Size {
		before := t.done
		err := t.fetchChunk(ctx)
		if err == nil {
			continue
		}
		if t.done > before {
			failures = 0
			pauses.Reset()
		}
		failures++
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, errRange) && before > 0 {
			return fmt.Errorf("%w: %w", err, errWrongBytes)
		}
		pause, again := nextPause(err, &pauses, patience)
		if !again || failures >= patience.Tries {
			return err
		}
		if err := wait(ctx, pause); err != nil {
			return err
		}
	}
	return nil
}

// fetchChunk makes one request. The part it gets may begin earlier, when the server knows no
// ranges: then what is there already is read over, once, and the rest of the blob taken in one go.
func (t *transfer) fetchChunk(parent context.Context) (err error) {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	watch := watchStall(t.store.patience.Stall, func() { cancel(errStalled) })
	defer watch.stop()
	defer func() {
		if err != nil && errors.Is(context.Cause(ctx), errStalled) {
			err = fault.Wrap(errStalled, fault.Retry, "content.stalled", "check the link to the registry",
				"%s sent nothing for %s", t.src.Name(), t.store.patience.Stall)
		}
	}()
	part, err := t.src.Fetch(ctx, t.done, min(t.done+t.store.chunk, t.want.Size))
	if err != nil {
		return err
	}
	defer func() { _ = part.Close() }() // only read from: closing cannot lose anything
	if part.From > t.done || part.To <= t.done || part.To > t.want.Size {
		return fault.New(fault.Retry, "content.bad-range", "look for a proxy that changes answers on the way to the registry",
			"%s sent the bytes %d to %d when asked for those from %d", t.src.Name(), part.From, part.To, t.done)
	}
	for skip := t.done - part.From; skip > 0; {
		watch.start()
		n, err := part.Read(t.buf[:min(int64(len(t.buf)), skip)])
		if skip -= int64(n); err != nil && skip > 0 {
			return brokenOff(t.src, err)
		}
	}
	return t.take(part, watch, part.To)
}

func brokenOff(src Source, err error) error {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fault.Wrap(err, fault.Retry, "content.broken-off", "check the link to the registry", "%s broke off", src.Name())
}

// nextPause says how long to wait before the next request, and whether to make one at all.
func nextPause(err error, pauses backoff.BackOff, patience Patience) (time.Duration, bool) {
	if kind := fault.KindOf(err); kind != fault.Retry {
		return 0, false
	}
	pause := pauses.NextBackOff()
	var asked *backoff.RetryAfterError
	if errors.As(err, &asked) {
		return max(pause, asked.Duration), asked.Duration <= patience.MaxPause
	}
	return pause, true
}

func wait(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// stallWatch calls its function when the source, not the disk, keeps us waiting for too long.
type stallWatch struct {
	timer *time.Timer
	after time.Duration
}

func watchStall(after time.Duration, stalled func()) *stallWatch {
	return &stallWatch{timer: time.AfterFunc(after, stalled), after: after}
}

func (w *stallWatch) start() { w.timer.Reset(w.after) }
func (w *stallWatch) stop()  { w.timer.Stop() }
