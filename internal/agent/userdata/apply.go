package userdata

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/lifecycle/actions"
	"github.com/stylet-edge/stylet/internal/site"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Effect is what it takes for applied user-data to act.
type Effect string

// The effects, from the smallest to the largest.
const (
	// EffectNone: it is what the host has.
	EffectNone Effect = "none"
	// EffectNow: only the agent's own settings differ; they are in force at once.
	EffectNow Effect = "now"
	// EffectNextBoot: it acts from the next start on; there is no revision to go back to.
	EffectNextBoot Effect = "next-boot"
	// EffectTrial: it is tried by a restart like any other revision, and taken back if it fails.
	EffectTrial Effect = "trial"
)

// Weigh says what a text would do, and reads it. hasRevision tells whether the host runs a revision, to
// which it could go back. Errors are those of site.Read.
func (s Store) Weigh(ctx context.Context, text []byte, hasRevision bool) (Effect, Wanted, error) {
	wanted, err := s.With(ctx, text)
	if err != nil {
		return EffectNone, wanted, err
	}
	now, err := s.Read(ctx)
	switch {
	case err != nil:
		// What is there cannot be used: anything that can is better, and nothing of it is worth going back to.
		return EffectNextBoot, wanted, nil //nolint:nilerr // said above
	case bytes.Equal(now.managed, text):
		return EffectNone, wanted, nil
	}
	inForce, err := s.InForce(ctx)
	switch {
	case err == nil && inForce.Settings == wanted.Settings:
		return EffectNow, wanted, nil
	case !hasRevision || wanted.Site.Assignment.Profile == "":
		return EffectNextBoot, wanted, nil
	}
	return EffectTrial, wanted, nil
}

// volumeMark remembers the volume that was applied last: one that stays plugged in is not applied at
// each boot, over what a person has said since.
const volumeMark = actions.UserDataDir + "/applied.volume"

// FromVolume gives the host's user-data with what a volume says over it: a volume says only what it
// adds or changes (facts/stylus-behaviour.md, section 1.5). The text is nil for a volume that was applied
// before. Errors are those of site.Read.
func (s Store) FromVolume(ctx context.Context, volume site.Source, fetch site.Fetch) ([]byte, error) {
	alone, err := site.Read(ctx, []site.Source{volume}, fetch)
	if err != nil {
		return nil, err
	}
	said := v1alpha1.DigestOf(alone.Document)
	if before, err := s.State.ReadFile(volumeMark); err == nil && string(before) == string(said) {
		return nil, nil
	}
	now, err := s.Read(ctx)
	if err != nil {
		return nil, err
	}
	base := site.Source{Name: site.SourceOEM}
	if now.managed != nil {
		base.Files = []site.SourceFile{{Name: filepath.Join(s.OEMDir, ManagedFile), Data: now.managed}}
	}
	both, err := site.Read(ctx, []site.Source{base, volume}, fetch)
	if err != nil {
		return nil, err
	}
	return both.Document, nil
}

// VolumeApplied notes that a volume was applied.
func (s Store) VolumeApplied(ctx context.Context, volume site.Source, fetch site.Fetch) error {
	alone, err := site.Read(ctx, []site.Source{volume}, fetch)
	if err != nil {
		return err
	}
	if err := s.State.WriteFile(volumeMark, []byte(v1alpha1.DigestOf(alone.Document)), mode); err != nil {
		return fmt.Errorf("noting that the volume was applied: %w", err)
	}
	return nil
}

// Bring does what Weigh has said.
func (s Store) Bring(ctx context.Context, text []byte, effect Effect, now time.Time) error {
	switch effect {
	case EffectNone:
		return nil
	case EffectNow, EffectNextBoot:
		return s.PutInForce(text)
	case EffectTrial:
		return s.Apply(ctx, text, now)
	}
	return fault.New(fault.Internal, "apply.effect", "", "there is no effect %q", effect)
}
