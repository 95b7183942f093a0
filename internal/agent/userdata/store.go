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
	// Undone says why it is not in force after all, "" while it is wanted.
	Undone string `json:"undone,omitempty"`
}

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

// Kept gives the user-data of the revisions with these settings alone.
func (s Store) Kept(ctx context.Context, settings v1alpha1.Digest) (Wanted, error) {
	text, err := s.State.ReadFile(actions.UserDataFile(settings))
	if err != nil {
		return Wanted{}, fmt.Errorf("reading the revision's user-data: %w", err)
	}
	return readText(ctx, filepath.Join(s.OEMDir, ManagedFile), text)
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
func (s Store) Apply(ctx context.Context, text []byte, now time.Time) error {
	before, err := s.InForce(ctx)
	if err != nil {
		return err
	}
	if err := s.Keep(before); err != nil {
		return err
	}
	if err := s.State.WriteFile(appliedText, text, mode); err != nil {
		return fmt.Errorf("noting the user-data: %w", err)
	}
	return s.mark(Applied{SchemaVersion: 1, At: now})
}

// Undo notes why what was applied is not in force.
func (s Store) Undo(applied Applied, cause string) error {
	applied.Undone = cause
	return s.mark(applied)
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
func (s Store) Settle(w Wanted) error {
	have, err := s.managedFile()
	if err != nil || !bytes.Equal(have, w.managed) {
		return err
	}
	return errors.Join(s.State.RemoveAll(appliedMark), s.State.RemoveAll(appliedText))
}

// PutInForce writes a text to COS_OEM, for settings that need no trial.
func (s Store) PutInForce(text []byte) error {
	oem, err := durable.Open(s.OEMDir)
	if err != nil {
		return fmt.Errorf("writing the user-data: %w", err)
	}
	defer oem.Close()
	if err := oem.WriteFile(ManagedFile, text, mode); err != nil {
		return fmt.Errorf("writing the user-data to %s: %w", s.OEMDir, err)
	}
	return errors.Join(s.State.RemoveAll(appliedMark), s.State.RemoveAll(appliedText))
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
