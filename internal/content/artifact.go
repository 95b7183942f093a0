package content

import (
	"encoding/json"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// The types by which a registry's content says what it is.
const (
	ProfileArtifact  = "application/vnd.stylet.profile.v1"
	ProfileMediaType = "application/vnd.stylet.profile.v1+json"
	LayerArtifact    = "application/vnd.stylet.layer.v1"
	LayerZstd        = string(types.OCILayerZStd)
	LayerGzip        = string(types.OCILayer)
)

// maxManifestBytes is the size up to which the OCI distribution specification wants manifests to
// be accepted; ours have less than a kilobyte.
const maxManifestBytes = 4 << 20

// emptyConfig is the config of an artifact that needs none (OCI image specification 1.1,
// "Guidance for an Empty Descriptor").
const (
	emptyConfig     = "{}"
	emptyConfigType = "application/vnd.oci.empty.v1+json"
)

// artifact is an OCI manifest with one blob, as a value to be pushed.
type artifact struct {
	raw    []byte
	digest v1alpha1.Digest
}

// RawManifest is what remote.Put asks for.
func (a artifact) RawManifest() ([]byte, error) { return a.raw, nil }

// MediaType is what remote.Put asks for.
func (a artifact) MediaType() (types.MediaType, error) { return types.OCIManifestSchema1, nil }

// newArtifact makes the manifest of an artifact. Equal arguments give equal bytes.
func newArtifact(artifactType, blobType string, blob Descriptor) (artifact, error) {
	config := v1alpha1.DigestOf([]byte(emptyConfig))
	raw, err := json.Marshal(v1.Manifest{
		SchemaVersion: 2,
		MediaType:     types.OCIManifestSchema1,
		ArtifactType:  artifactType,
		Config:        v1.Descriptor{MediaType: emptyConfigType, Size: int64(len(emptyConfig)), Digest: hashOf(config)},
		Layers:        []v1.Descriptor{{MediaType: types.MediaType(blobType), Size: blob.Size, Digest: hashOf(blob.Digest)}},
	})
	if err != nil {
		return artifact{}, fmt.Errorf("encoding the manifest: %w", err)
	}
	return artifact{raw: raw, digest: v1alpha1.DigestOf(raw)}, nil
}

func hashOf(digest v1alpha1.Digest) v1.Hash { return v1.Hash{Algorithm: "sha256", Hex: digest.Hex()} }

// parseArtifact reads a manifest that must be of the artifact type and hold one blob of one of
// the media types. What names the thing for people.
func parseArtifact(raw []byte, what, artifactType string, blobTypes ...string) (Descriptor, error) {
	bad := func(format string, args ...any) (Descriptor, error) {
		return Descriptor{}, fault.New(fault.Input, "registry.not-ours", "check the reference, and push with `stylet profile push`",
			"%s is not a stylet artifact of type %s: %s", what, artifactType, fmt.Sprintf(format, args...))
	}
	var manifest v1.Manifest
	if err := json.Unmarshal(raw, &manifest); err != nil {
		return bad("the manifest is not JSON: %v", err)
	}
	if manifest.MediaType != types.OCIManifestSchema1 {
		return bad("the manifest's media type is %q", manifest.MediaType)
	}
	if manifest.ArtifactType != artifactType {
		return bad("the artifact type is %q", manifest.ArtifactType)
	}
	if len(manifest.Layers) != 1 {
		return bad("it has %d blobs, not one", len(manifest.Layers))
	}
	blob := manifest.Layers[0]
	for _, blobType := range blobTypes {
		digest, err := v1alpha1.ParseDigest(blob.Digest.String())
		if string(blob.MediaType) == blobType && err == nil && blob.Size > 0 {
			return Descriptor{Digest: digest, Size: blob.Size}, nil
		}
	}
	return bad("its blob is %q of %d bytes with the digest %s", blob.MediaType, blob.Size, blob.Digest)
}
