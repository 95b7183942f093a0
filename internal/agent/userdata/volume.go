package userdata

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"

	"github.com/stylet-edge/stylet/internal/lifecycle/actions"
	"github.com/stylet-edge/stylet/internal/site"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

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
	mark := appliedVolume{Volume: rawDigest(volume), Text: v1alpha1.DigestOf(text), Base: base}
	if err := s.State.WriteJSON(volumeMark, mark); err != nil {
		return fmt.Errorf("noting that the volume was applied: %w", err)
	}
	return nil
}
