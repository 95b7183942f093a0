package userdata

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

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
		return EffectNextBoot, wanted, nil //nolint:nilerr // said above
	case bytes.Equal(now.managed, text) && (now.Applied == nil || now.Applied.Pending()):
		// After something else was taken back the same words do something yet: they say that it is given up.
		return EffectNone, wanted, nil
	}
	inForce, err := s.InForce(ctx)
	switch {
	case err == nil && inForce.Settings == wanted.Settings:
		return EffectNow, wanted, nil
	case !hasRevision:
		return EffectNextBoot, wanted, nil
	}
	return EffectTrial, wanted, s.refuseEarly(inForce, wanted)
}

// refuseEarly refuses a change of stages that Kairos runs before the boot hook brings the revision's
// user-data (immucore v0.20.4, pkg/state/steps_shared.go): they would not be in their own trial, and once
// more in the boot after it.
func (s Store) refuseEarly(inForce, wanted Wanted) error {
	before, err := earlyStages(inForce.Document)
	if err != nil {
		return err
	}
	after, err := earlyStages(wanted.Document)
	if err != nil || before == after {
		return err
	}
	return fault.New(fault.Refused, "apply.early-stage",
		"use the stage initramfs or a later one, or install the host anew",
		"the stages rootfs and initramfs.before act before a trial has begun, so that a change of them cannot be tried")
}

func earlyStages(document []byte) (string, error) {
	var top struct {
		Stages map[string]yaml.Node `yaml:"stages"`
	}
	if err := yaml.Unmarshal(document, &top); err != nil {
		return "", fmt.Errorf("reading the stages: %w", err)
	}
	early := map[string]yaml.Node{}
	for name, steps := range top.Stages {
		if strings.HasPrefix(name, "rootfs") || name == "initramfs.before" {
			early[name] = steps
		}
	}
	if len(early) == 0 {
		return "", nil
	}
	text, err := yaml.Marshal(early)
	return string(text), err
}

// Bring does what Weigh has said.
func (s Store) Bring(ctx context.Context, text []byte, effect Effect, volume bool, now time.Time) error {
	switch effect {
	case EffectNone:
		return nil
	case EffectNow, EffectNextBoot:
		return s.PutInForce(ctx, text)
	case EffectTrial:
		return s.Apply(ctx, text, volume, now)
	}
	return fault.New(fault.Internal, "apply.effect", "", "there is no effect %q", effect)
}
