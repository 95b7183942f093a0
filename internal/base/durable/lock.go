package durable

import (
	"context"
	"fmt"
	"time"

	"github.com/gofrs/flock"

	"github.com/stylet-edge/stylet/internal/base/fault"
)

// Lock takes the named lock, waiting until ctx ends. The kernel drops it when the process dies.
func (r *Root) Lock(ctx context.Context, name string) (unlock func() error, err error) {
	lock := flock.New(r.Path(name))
	ok, err := lock.TryLockContext(ctx, 100*time.Millisecond)
	if err != nil {
		return nil, fault.Wrap(err, fault.Retry, "state.locked",
			"wait for the other stylet process, or look for it with `ps`", "taking the lock %s", name)
	}
	if !ok {
		return nil, fmt.Errorf("taking the lock %s: not granted", name)
	}
	return lock.Unlock, nil
}
