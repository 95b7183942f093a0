package userdata

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/internal/lifecycle/actions"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// PutInForce writes a text to COS_OEM, for settings that need no trial. It is kept first, so that a boot
// knows it for one that stylet wrote.
func (s Store) PutInForce(ctx context.Context, text []byte) error {
	return s.locked(ctx, func() error {
		wanted, err := s.With(ctx, text)
		if err != nil {
			return err
		}
		if err := s.Keep(wanted); err != nil {
			return err
		}
		if err := errors.Join(s.State.RemoveAll(appliedMark), s.State.RemoveAll(appliedText)); err != nil {
			return err
		}
		before, err := s.managedFile()
		if err != nil {
			return err
		}
		return s.replaceManaged(before, text)
	})
}

// Restore brings COS_OEM the user-data of a revision, if what is there is that of another one. What
// stylet does not know a person has just written: it stays, and is wanted.
func (s Store) Restore(settings v1alpha1.Digest) error {
	want, err := s.State.ReadFile(actions.UserDataFile(settings))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // of a time before user-data belonged to revisions
	}
	if err != nil {
		return fmt.Errorf("reading the revision's user-data: %w", err)
	}
	have, err := s.managedFile()
	if err != nil || bytes.Equal(have, want) || (have != nil && !s.known(have)) {
		return err
	}
	return s.replaceManaged(have, want)
}

// replaceManaged writes ManagedFile, and keeps what was there, nil for nothing, as ReplacedFile: a person may have
// written it, and what belongs to no revision any more is tidied away.
func (s Store) replaceManaged(before, text []byte) error {
	oem, err := durable.Open(s.OEMDir)
	if err != nil {
		return fmt.Errorf("writing the user-data: %w", err)
	}
	defer oem.Close()
	if before != nil && !bytes.Equal(before, text) {
		if err := oem.WriteFile(ReplacedFile, before, mode); err != nil {
			return fmt.Errorf("keeping the user-data of before in %s: %w", s.OEMDir, err)
		}
	}
	if err := oem.WriteFile(ManagedFile, text, mode); err != nil {
		return fmt.Errorf("writing the user-data to %s: %w", s.OEMDir, err)
	}
	return nil
}

func (s Store) managedFile() ([]byte, error) {
	oem, err := durable.Open(s.OEMDir)
	if err != nil {
		return nil, fmt.Errorf("reading the user-data: %w", err)
	}
	defer oem.Close()
	data, err := oem.ReadFile(ManagedFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}

// known tells whether stylet itself has kept that text.
func (s Store) known(text []byte) bool {
	entries, err := s.State.ReadDir(actions.UserDataDir)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
		kept, err := s.State.ReadFile(path.Join(actions.UserDataDir, e.Name()))
		return err == nil && path.Ext(e.Name()) == ".yaml" && bytes.Equal(kept, text)
	})
}
