package userdata

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

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
	case !hasRevision:
		return EffectNextBoot, wanted, nil
	}
	return EffectTrial, wanted, s.refuseEarly(inForce, wanted)
}

// volumeMark remembers the volume that was applied last: one that stays plugged in is not applied at
// each boot, over what a person has said since.
const volumeMark = actions.UserDataDir + "/applied.volume"

// FromVolume gives the host's user-data with what a volume says over it: a volume says only what it
// adds or changes (facts/stylus-behaviour.md, section 1.5). The text is nil for a volume that was applied
// before. Errors are those of site.Read.
func (s Store) FromVolume(ctx context.Context, volume site.Source, fetch site.Fetch) ([]byte, error) {
	before := s.lastVolume()
	if before.Volume == rawDigest(volume) {
		return nil, nil
	}
	// By itself first: problems are told at the volume's own lines.
	if _, err := site.Read(ctx, []site.Source{volume}, nil); err != nil {
		return nil, err
	}
	base := site.Source{Name: site.SourceOEM}
	if managed, err := s.baseOf(ctx, before); err != nil || managed != nil {
		if err != nil {
			return nil, err
		}
		base.Files = []site.SourceFile{{Name: filepath.Join(s.OEMDir, ManagedFile), Data: managed}}
	}
	both, err := site.Read(ctx, []site.Source{base, volume}, fetch)
	if err != nil {
		return nil, err
	}
	return both.Document, nil
}

// appliedVolume remembers a volume: its own digest, the text that it led to, and what that text was made of.
type appliedVolume struct {
	Volume v1alpha1.Digest `json:"volume"`
	Text   v1alpha1.Digest `json:"text"`
	Base   []byte          `json:"base,omitempty"`
}

func (s Store) lastVolume() appliedVolume {
	var before appliedVolume
	if err := s.State.ReadJSON(volumeMark, &before); err != nil {
		return appliedVolume{} // none, or damaged: it is applied once more
	}
	return before
}

// baseOf gives what a volume is laid over: the user-data in force without what the volume before has
// brought. An edited volume would otherwise meet its own old words.
func (s Store) baseOf(ctx context.Context, before appliedVolume) ([]byte, error) {
	now, err := s.InForce(ctx)
	if err != nil {
		return nil, err
	}
	if now.managed != nil && v1alpha1.DigestOf(now.managed) == before.Text {
		return before.Base, nil
	}
	return now.managed, nil
}

// rawDigest is over a volume's files, without what they lead to: config_url need not answer at each boot.
func rawDigest(volume site.Source) v1alpha1.Digest {
	var all bytes.Buffer
	for _, f := range volume.Files {
		fmt.Fprintf(&all, "%s %d\n%s", filepath.Base(f.Name), len(f.Data), f.Data)
	}
	return v1alpha1.DigestOf(all.Bytes())
}

// VolumeApplied notes that a volume led to a text. Call it before the text is brought: what is in force then
// is what it was made of.
func (s Store) VolumeApplied(ctx context.Context, volume site.Source, text []byte) error {
	base, err := s.baseOf(ctx, s.lastVolume())
	if err != nil {
		return err
	}
	data, err := json.Marshal(appliedVolume{Volume: rawDigest(volume), Text: v1alpha1.DigestOf(text), Base: base})
	if err != nil {
		return fmt.Errorf("noting that the volume was applied: %w", err)
	}
	if err := s.State.WriteFile(volumeMark, data, mode); err != nil {
		return fmt.Errorf("noting that the volume was applied: %w", err)
	}
	return nil
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
