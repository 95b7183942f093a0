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
	"path/filepath"
	"slices"

	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/internal/lifecycle/actions"
	"github.com/stylet-edge/stylet/internal/site"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

const (
	// ManagedFile is the user-data file of COS_OEM that stylet replaces and brings back. All others there
	// are a person's, and left alone.
	ManagedFile = "90_custom.yaml"
	// ReplacedFile is what ManagedFile was before its last change. Neither Kairos nor stylet reads it.
	ReplacedFile = ManagedFile + ".replaced"
	// mode keeps tokens and passwords from the host's other users.
	mode fs.FileMode = 0o600
)

// Store is the user-data of one host.
type Store struct {
	// OEMDir is where COS_OEM is mounted, State the agent's directory.
	OEMDir string
	State  *durable.Root
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
		return s.With(ctx, nil)
	}
	var text []byte
	if applied.Undone == "" {
		if text, err = s.State.ReadFile(appliedText); err != nil {
			return Wanted{}, fmt.Errorf("reading what was applied: %w", err)
		}
	}
	w, err := s.With(ctx, text)
	w.Applied = &applied
	return w, err
}

// InForce gives the user-data of COS_OEM.
func (s Store) InForce(ctx context.Context) (Wanted, error) { return s.With(ctx, nil) }

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

// With gives what the host would be told with another text in the place of ManagedFile, nil for its own.
func (s Store) With(ctx context.Context, text []byte) (w Wanted, err error) {
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
