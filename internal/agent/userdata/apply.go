package userdata

import (
	"bytes"
	"context"
	"time"

	"github.com/stylet-edge/stylet/internal/base/fault"
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
		return EffectNextBoot, wanted, nil
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
