// Package userdata keeps what the site says of an installed host: the user-data on COS_OEM, the one that
// `stylet apply` brought and that has not proved itself yet, and, for each revision, the one that belongs
// to it, so that user-data and image go back together.
package userdata

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"time"

	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/internal/lifecycle/actions"
	"github.com/stylet-edge/stylet/internal/site"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

const (
	// ManagedFile is the user-data file of COS_OEM that stylet replaces and brings back. All others there
	// are a person's, and left alone.
	ManagedFile = "90_custom.yaml"
	appliedText = actions.UserDataDir + "/applied.yaml"
	appliedMark = actions.UserDataDir + "/applied.json"
	// mode keeps tokens and passwords from the host's other users.
	mode fs.FileMode = 0o600
)

// Store is the user-data of one host.
type Store struct {
	// OEMDir is where COS_OEM is mounted, State the agent's directory.
	OEMDir string
	State  *durable.Root
}

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

// Wanted is the user-data that the host is to have.
type Wanted struct {
	site.Reading
	// Settings is the digest of what acts on the OS (site.Settings), "" for nothing.
	Settings v1alpha1.Digest
	// managed is the text of ManagedFile, nil for none.
	managed []byte
	// Applied is set while it is not the one on COS_OEM, or has not been committed.
	Applied *Applied
}

// Read gives what the host is to have: the user-data of COS_OEM, with what was applied in the place of
// ManagedFile. Applied user-data that was undone is told, and not used.
func (s Store) Read(ctx context.Context) (Wanted, error) {
	var applied Applied
	err := s.State.ReadJSON(appliedMark, &applied)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Wanted{}, fmt.Errorf("reading what was applied: %w", err)
	}
	if err != nil {
		return s.read(ctx, nil)
	}
	var text []byte
	if applied.Undone == "" {
		if text, err = s.State.ReadFile(appliedText); err != nil {
			return Wanted{}, fmt.Errorf("reading what was applied: %w", err)
		}
	}
	w, err := s.read(ctx, text)
	w.Applied = &applied
	return w, err
}

// InForce gives the user-data of COS_OEM.
func (s Store) InForce(ctx context.Context) (Wanted, error) { return s.read(ctx, nil) }

// Of gives the user-data of the revision with these settings, whatever COS_OEM has by now: that is wanted,
// perhaps, but not this revision's. Where nothing was kept it is what COS_OEM has, and an error if there
// should be something. Of what a person has spoilt beside it nothing is used, and the error tells it.
func (s Store) Of(ctx context.Context, settings v1alpha1.Digest) (Wanted, error) {
	text, err := s.State.ReadFile(actions.UserDataFile(settings))
	if err != nil {
		inForce, readErr := s.InForce(ctx)
		if settings == "" && errors.Is(err, fs.ErrNotExist) {
			return inForce, readErr // of a time before user-data belonged to revisions
		}
		return inForce, errors.Join(fmt.Errorf("reading the revision's user-data: %w", err), readErr)
	}
	wanted, err := s.With(ctx, text)
	if err == nil {
		return wanted, nil
	}
	alone, aloneErr := readText(ctx, filepath.Join(s.OEMDir, ManagedFile), text)
	return alone, errors.Join(err, aloneErr)
}

func readText(ctx context.Context, name string, text []byte) (w Wanted, err error) {
	source := site.Source{Name: site.SourceOEM, Files: []site.SourceFile{{Name: name, Data: text}}}
	w.Reading, err = site.Read(ctx, []site.Source{source}, nil)
	return w, err
}

// With gives what the host would be told with another text as its user-data.
func (s Store) With(ctx context.Context, text []byte) (Wanted, error) { return s.read(ctx, text) }

// read reads COS_OEM with another text in the place of ManagedFile, nil for its own.
func (s Store) read(ctx context.Context, text []byte) (w Wanted, err error) {
	source := site.DirSource(site.SourceOEM, s.OEMDir)
	name := filepath.Join(s.OEMDir, ManagedFile)
	at := slices.IndexFunc(source.Files, func(f site.SourceFile) bool { return f.Name == name })
	switch {
	case text != nil && at < 0:
		source.Files = append(source.Files, site.SourceFile{Name: name, Data: text})
		w.managed = text
	case text != nil:
		source.Files[at] = site.SourceFile{Name: name, Data: text}
		w.managed = text
	case at >= 0:
		w.managed = source.Files[at].Data
	}
	if w.Reading, err = site.Read(ctx, []site.Source{source}, nil); err != nil {
		return w, fmt.Errorf("reading the user-data: %w", err)
	}
	w.Settings, err = site.Settings(w.Document)
	return w, err
}

// Keep notes the user-data as that of the revisions with its settings.
func (s Store) Keep(w Wanted) error {
	name, text := actions.UserDataFile(w.Settings), w.managed
	if text == nil {
		text = []byte("#cloud-config\n") // what brings back that there was none
	}
	if have, err := s.State.ReadFile(name); err == nil && bytes.Equal(have, text) {
		return nil
	}
	if err := s.State.WriteFile(name, text, mode); err != nil {
		return fmt.Errorf("keeping the user-data: %w", err)
	}
	return nil
}

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
		oem, err := durable.Open(s.OEMDir)
		if err != nil {
			return fmt.Errorf("writing the user-data: %w", err)
		}
		defer oem.Close()
		if err := oem.WriteFile(ManagedFile, text, mode); err != nil {
			return fmt.Errorf("writing the user-data to %s: %w", s.OEMDir, err)
		}
		return nil
	})
}

// Restore brings COS_OEM the user-data of a revision, if what is there is that of another one. What
// stylet does not know, a person wrote: it stays.
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
	oem, err := durable.Open(s.OEMDir)
	if err != nil {
		return fmt.Errorf("bringing back the revision's user-data: %w", err)
	}
	defer oem.Close()
	if err := oem.WriteFile(ManagedFile, want, mode); err != nil {
		return fmt.Errorf("bringing back the revision's user-data: %w", err)
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
