package userdata

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/stylet-edge/stylet/internal/lifecycle/actions"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

const (
	appliedText = actions.UserDataDir + "/applied.yaml"
	appliedMark = actions.UserDataDir + "/applied.json"
)

// Applied is the mark of user-data that a person brought.
type Applied struct {
	SchemaVersion int       `json:"schemaVersion"`
	At            time.Time `json:"at"`
	// Text is the digest of what was applied.
	Text v1alpha1.Digest `json:"text"`
	// Volume says that a volume brought it, and no person.
	Volume bool `json:"volume,omitempty"`
	// Undone says why it is not in force after all, "" while it is wanted.
	Undone string `json:"undone,omitempty"`
}

// Pending tells whether it waits for its trial, or for the end of it.
func (a *Applied) Pending() bool { return a != nil && a.Undone == "" }

// Apply notes a text as the user-data that the host is to have from now on, and what it has now as what
// it can go back to.
func (s Store) Apply(ctx context.Context, text []byte, volume bool, now time.Time) error {
	return s.locked(ctx, func() error {
		before, err := s.InForce(ctx)
		if err != nil {
			return err
		}
		if err := s.Keep(before); err != nil {
			return err
		}
		// The mark of another text goes first: between the two writes nothing is applied.
		if err := s.State.RemoveAll(appliedMark); err != nil {
			return err
		}
		if err := s.State.WriteFile(appliedText, text, mode); err != nil {
			return fmt.Errorf("noting the user-data: %w", err)
		}
		return s.mark(Applied{SchemaVersion: 1, At: now, Text: v1alpha1.DigestOf(text), Volume: volume})
	})
}

// Undo notes why what was applied is not in force, unless something else was applied meanwhile.
func (s Store) Undo(ctx context.Context, applied Applied, cause string) error {
	return s.locked(ctx, func() error {
		var now Applied
		if err := s.State.ReadJSON(appliedMark, &now); err != nil || now != applied {
			return nil //nolint:nilerr // a mark that is gone or damaged is not the one that was judged
		}
		now.Undone = cause
		return s.mark(now)
	})
}

// locked keeps `stylet apply` and the agent apart.
func (s Store) locked(ctx context.Context, do func() error) (err error) {
	unlock, err := s.State.Lock(ctx, "userdata.lock")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	return do()
}

// Undone is the error that applied user-data had to be taken back, nil if none had.
func (s Store) Undone() error {
	var applied Applied
	err := s.State.ReadJSON(appliedMark, &applied)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("reading what was applied: %w", err)
	case applied.Undone == "":
		return nil
	}
	return fmt.Errorf("the user-data applied at %s was taken back: %s; correct it and `stylet apply` it again",
		applied.At.Format(time.DateTime), applied.Undone)
}

func (s Store) mark(applied Applied) error {
	if err := s.State.WriteJSON(appliedMark, applied); err != nil {
		return fmt.Errorf("noting the user-data: %w", err)
	}
	return nil
}

// Settle forgets that user-data was applied once it is the one on COS_OEM and proved.
func (s Store) Settle(ctx context.Context, w Wanted) (settled bool, err error) {
	err = s.locked(ctx, func() error {
		var now Applied
		have, err := s.managedFile()
		if err != nil || !bytes.Equal(have, w.managed) {
			return err
		}
		if err := s.State.ReadJSON(appliedMark, &now); err != nil || now.Text != v1alpha1.DigestOf(have) {
			return nil //nolint:nilerr // something else was applied meanwhile
		}
		settled = true
		return errors.Join(s.State.RemoveAll(appliedMark), s.State.RemoveAll(appliedText))
	})
	return settled, err
}
