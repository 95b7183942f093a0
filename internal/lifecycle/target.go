package lifecycle

import (
	"context"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Target is a revision together with all that is needed to bring it about. It is data: it is
// kept in the journal and survives process, reboot and agent version.
type Target struct {
	Revision v1alpha1.Revision `json:"revision"`
	// Source is the reference that named it, for people and for relative layer references.
	Source   string                 `json:"source"`
	Profile  v1alpha1.Profile       `json:"profile"`
	Manifest v1alpha1.ImageManifest `json:"manifest"`
	// ImageSize is the size of the composed image file in bytes.
	ImageSize int64 `json:"imageSize"`
	// UserData is the digest of what the user-data says of the host's OS, "" for nothing.
	UserData v1alpha1.Digest `json:"userData,omitempty"`
}

// HostConfig is the host configuration of a revision: what is rendered for it and laid over its
// image at boot. Its digest is part of the revision.
type HostConfig struct {
	Files []v1alpha1.File `json:"files,omitempty"`
	// UserData is that of the target. The user-data itself, which has secrets, is kept apart.
	UserData v1alpha1.Digest `json:"userData,omitempty"`
}

// Config gives the target's configuration.
func (t Target) Config() HostConfig {
	return HostConfig{Files: t.Profile.Spec.Files, UserData: t.UserData}
}

// Source says what a host should be.
type Source interface {
	// Next gives the assigned reference, and the target that it names now; nothing and nil while
	// nothing is assigned. An error means that the source did not answer; the last target stays
	// in force, and the reference is given if it is known.
	Next(ctx context.Context) (reference string, target *Target, err error)
}
