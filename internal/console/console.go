package console

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// Console shows the state on one terminal.
type Console struct {
	Sources Sources
	// Login tells that Enter is to lead to a login; without one Enter, q and Ctrl-C end the screen.
	Login bool
}

// lookEvery is how often the state is read, and so the most often that something is painted.
const lookEvery = time.Second

// paintAll is how often everything is painted again, should the lines of others have got between.
const paintAll = 10 * time.Minute

// ErrLogin says that somebody wants to log in.
var ErrLogin = errors.New("somebody wants to log in")

// Print writes the state once, for a pipe or a file.
func (c Console) Print(ctx context.Context, out io.Writer) error {
	state := c.Sources.read(ctx, State{})
	return writeText(out, state, Size{})
}

// Run shows the state on a terminal until somebody wants to log in (ErrLogin) or leave, or ctx ends (nil).
// It fails when the terminal does.
func (c Console) Run(ctx context.Context, t *Terminal) (err error) {
	ctx, stop := context.WithCancel(ctx)
	states, typed, failed := make(chan State), make(chan []byte), make(chan error, 1)
	go func() { c.watch(ctx, states); close(states) }()
	go func() { failed <- t.keys(ctx, typed); close(typed) }()
	view := newView(t)
	defer func() {
		stop()
		for range states { // both have ended when this returns
		}
		for range typed {
		}
		err = errors.Join(err, view.leave())
	}()
	return c.show(ctx, view, states, typed, failed)
}

func (c Console) show(ctx context.Context, v view, states <-chan State, typed <-chan []byte, failed <-chan error) error {
	var last State
	all := time.NewTicker(paintAll)
	defer all.Stop()
	for {
		again := false
		select {
		case <-ctx.Done():
			return nil
		case err := <-failed:
			return err
		case keys := <-typed:
			if done, err := c.pressed(keys); done {
				return err
			}
			again = true
		case <-all.C:
			again = true
		case state, ok := <-states:
			if !ok {
				return nil
			}
			last = state
		}
		if last.Now.IsZero() {
			continue // nothing is known yet
		}
		if err := v.show(last, again); err != nil {
			return fmt.Errorf("writing to the terminal: %w", err)
		}
	}
}

// pressed tells whether the keys end the screen. Any other key paints it anew: a person whose screen is
// spoiled presses one.
func (c Console) pressed(keys []byte) (done bool, err error) {
	switch {
	case c.Login:
		if bytes.ContainsAny(keys, "\r\n") {
			return true, ErrLogin
		}
		return false, nil
	default:
		return bytes.ContainsAny(keys, "\r\nq\x03\x04"), nil
	}
}

// watch sends the state at each look until ctx ends.
func (c Console) watch(ctx context.Context, states chan<- State) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	state := State{Login: c.Login}
	for {
		state = c.Sources.read(ctx, state)
		select {
		case states <- state:
		case <-ctx.Done():
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
