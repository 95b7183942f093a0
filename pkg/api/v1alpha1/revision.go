package v1alpha1

// Revision is what a host is or should be. It is the unit of everything: desired, tried,
// committed, refused and rolled back as one.
type Revision struct {
	// Profile is the digest of the profile's canonical form.
	Profile Digest `json:"profile"`
	// Image is the image ID: the digest of the canonical manifest of the image's inputs.
	Image Digest `json:"image"`
	// Config is the digest of the host configuration rendered for it.
	Config Digest `json:"config"`
}

// ID names the revision. The zero Revision, a host as the installer left it, has none.
func (r Revision) ID() Digest {
	if r == (Revision{}) {
		return ""
	}
	return digestOfJSON(r)
}

// ComposeVersion is part of every image's identity: raise it when compose starts to write other
// files for the same inputs, and every host composes anew.
const ComposeVersion = 1

// ImageManifest lists the inputs of an image. Its digest is the image's identity; the bytes of
// the image file are not, since they differ from build to build and change after the switch.
type ImageManifest struct {
	SchemaVersion  int          `json:"schemaVersion"`
	ComposeVersion int          `json:"composeVersion"`
	Architecture   string       `json:"architecture"` // as GOARCH
	Layers         []ImageLayer `json:"layers"`       // in the order in which they are written
	// Agent is the digest of the stylet binary in the image.
	Agent Digest `json:"agent"`
}

// ImageLayer is one input of an image.
type ImageLayer struct {
	Kind LayerKind `json:"kind"`
	Name string    `json:"name"`
	// Content is the digest of the layer's blob as it is downloaded.
	Content Digest `json:"content"`
}

// ID is the image ID.
func (m ImageManifest) ID() Digest { return digestOfJSON(m) }

// ImageRecordPath is where an image carries its own record, so that what runs says what it is.
const ImageRecordPath = "/usr/lib/stylet/image.json"

// ImageRecord is the file at ImageRecordPath.
type ImageRecord struct {
	ID       Digest        `json:"id"`
	Manifest ImageManifest `json:"manifest"`
	// Profile names the profile for people ("store 1.2.0"); it is not part of the identity.
	Profile string `json:"profile,omitempty"`
	// Tree is the digest over the image's file tree: path, type, mode, owner, content of each.
	Tree Digest `json:"tree,omitempty"`
}
