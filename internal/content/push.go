package content

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// PushRequest says what to push where.
type PushRequest struct {
	// Profile is in source form, as ParseProfile gives it.
	Profile v1alpha1.Profile
	// Dir is what relative archives are relative to: the directory of the profile's file.
	Dir string
	// Reference is REGISTRY/REPOSITORY:TAG. Layers go to REPOSITORY/LAYER of the same registry.
	Reference string
	// Progress, if not nil, is called while archives are read and uploaded.
	Progress func(PushProgress)
}

// PushProgress is how far one step of a push has come.
type PushProgress struct {
	Step        string // "measuring" or "uploading"
	Layer       string
	Done, Total int64 // bytes; an upload may begin anew after a failure
}

// Push uploads the archives of a profile, and then the profile in its pushed form, under the
// reference's tag. What the registry has is not sent again. Equal profiles and archives give
// equal digests, wherever and whenever they are pushed. The error kinds are those of Resolve.
func Push(ctx context.Context, client *Client, request PushRequest) (Resolved, error) {
	ref, err := client.parse(request.Reference)
	if err != nil {
		return Resolved{}, err
	}
	tag, ok := ref.(name.Tag)
	if !ok {
		return Resolved{}, fault.New(fault.Input, "registry.reference", "write REGISTRY/REPOSITORY:TAG", "cannot push to a digest: %s", request.Reference)
	}
	p := &pusher{client: client, repo: tag.Context(), dir: request.Dir, progress: request.Progress}
	if p.progress == nil {
		p.progress = func(PushProgress) {}
	}
	profile, err := p.pushLayers(ctx, request.Profile)
	if err != nil {
		return Resolved{}, err
	}
	if err := profile.ValidatePushed().Err(); err != nil {
		return Resolved{}, fault.Wrap(err, fault.Input, "profile.invalid", "", "the profile cannot be pushed")
	}
	manifest, err := p.pushProfile(ctx, profile, tag)
	if err != nil {
		return Resolved{}, fmt.Errorf("pushing the profile to %s: %w", request.Reference, err)
	}
	return Resolved{Profile: profile, Digest: manifest, Reference: tag.Context().Name() + "@" + string(manifest)}, nil
}

type pusher struct {
	client   *Client
	repo     name.Repository
	dir      string
	progress func(PushProgress)
}

// pushLayers gives the profile in its pushed form; the one given stays as it is.
func (p *pusher) pushLayers(ctx context.Context, profile v1alpha1.Profile) (v1alpha1.Profile, error) {
	layers := make([]v1alpha1.Layer, len(profile.Spec.Layers))
	for i, layer := range profile.Spec.Layers {
		pushed, err := p.pushLayer(ctx, layer)
		if err != nil {
			return profile, fmt.Errorf("pushing the layer %s: %w", layer.Name, err)
		}
		layers[i] = pushed
	}
	profile.Spec.Layers = layers
	if profile.Spec.Agent != nil {
		agent, err := p.pushLayer(ctx, *profile.Spec.Agent)
		if err != nil {
			return profile, fmt.Errorf("pushing the agent: %w", err)
		}
		profile.Spec.Agent = &agent
	}
	return profile, nil
}

func (p *pusher) pushLayer(ctx context.Context, layer v1alpha1.Layer) (v1alpha1.Layer, error) {
	if layer.Archive == "" {
		return layer, nil
	}
	path := layer.Archive
	if !filepath.IsAbs(path) {
		path = filepath.Join(p.dir, path)
	}
	archive, err := measure(ctx, path, func(done, total int64) {
		p.progress(PushProgress{Step: "measuring", Layer: layer.Name, Done: done, Total: total})
	})
	if err != nil {
		return layer, err
	}
	blob := &fileLayer{path: path, measured: archive, progress: func(done int64) {
		p.progress(PushProgress{Step: "uploading", Layer: layer.Name, Done: done, Total: archive.content.Size})
	}, ctx: ctx}
	repo, err := name.NewRepository(p.repo.Name()+"/"+layer.Name, p.nameOptions()...)
	if err != nil {
		return layer, fault.Wrap(err, fault.Input, "registry.reference", "choose a shorter repository", "naming the layer's repository")
	}
	layer.Archive, layer.Content = "", &archive.content
	manifest, err := newArtifact(LayerArtifact, archive.mediaType, DescriptorOf(layer))
	if err != nil {
		return layer, err
	}
	if err := p.put(ctx, repo.Digest(string(manifest.digest)), manifest, blob); err != nil {
		return layer, err
	}
	layer.Image = "/" + repo.RepositoryStr() + "@" + string(manifest.digest)
	return layer, nil
}

func (p *pusher) pushProfile(ctx context.Context, profile v1alpha1.Profile, tag name.Tag) (v1alpha1.Digest, error) {
	data, err := profile.CanonicalJSON()
	if err != nil {
		return "", err
	}
	if len(data) > v1alpha1.MaxProfileBytes {
		return "", fault.New(fault.Input, "profile.too-big", "move large files into a layer", "the profile has %d bytes, more than the %d allowed", len(data), v1alpha1.MaxProfileBytes)
	}
	manifest, err := newArtifact(ProfileArtifact, ProfileMediaType, Descriptor{Digest: v1alpha1.DigestOf(data), Size: int64(len(data))})
	if err != nil {
		return "", err
	}
	return manifest.digest, p.put(ctx, tag, manifest, static.NewLayer(data, ProfileMediaType))
}

// put uploads blobs before the manifest that names them: a registry never has a half artifact.
func (p *pusher) put(ctx context.Context, ref name.Reference, manifest artifact, blob v1.Layer) error {
	options := []remote.Option{
		remote.WithContext(ctx), remote.WithTransport(p.client.transport), remote.WithAuthFromKeychain(p.client.keychain),
	}
	for _, layer := range []v1.Layer{static.NewLayer([]byte(emptyConfig), emptyConfigType), blob} {
		if err := remote.WriteLayer(ref.Context(), layer, options...); err != nil {
			return p.client.translate(err, ref.Context())
		}
	}
	if err := remote.Put(ref, manifest, options...); err != nil {
		return p.client.translate(err, ref.Context())
	}
	return nil
}

func (p *pusher) nameOptions() []name.Option {
	options := []name.Option{name.StrictValidation}
	if p.client.isPlain(p.repo.RegistryStr()) {
		options = append(options, name.Insecure)
	}
	return options
}

// errNoDiffID answers what only an image's layer has.
var errNoDiffID = errors.New("an artifact's blob is pushed as it is")

// fileLayer is an archive on the disk, as remote.WriteLayer wants it.
type fileLayer struct {
	measured
	path     string
	progress func(done int64)
	ctx      context.Context //nolint:containedctx // v1.Layer's methods take none
}

var _ v1.Layer = (*fileLayer)(nil)

// Digest of the archive as it is.
func (l *fileLayer) Digest() (v1.Hash, error) { return hashOf(l.content.Digest), nil }

// DiffID is that of an image's layer; an artifact has none, and uploading does not ask for it.
func (l *fileLayer) DiffID() (v1.Hash, error) { return v1.Hash{}, errNoDiffID }

// Compressed opens the archive; each attempt at an upload reads it anew.
func (l *fileLayer) Compressed() (io.ReadCloser, error) {
	file, err := os.Open(l.path)
	if err != nil {
		return nil, fmt.Errorf("opening the archive: %w", err)
	}
	return struct {
		io.Reader
		io.Closer
	}{&countingReader{ctx: l.ctx, inner: file, progress: l.progress}, file}, nil
}

// Uncompressed is not needed to upload.
func (l *fileLayer) Uncompressed() (io.ReadCloser, error) { return nil, errNoDiffID }

// Size of the archive as it is.
func (l *fileLayer) Size() (int64, error) { return l.content.Size, nil }

// MediaType tells zstd from gzip.
func (l *fileLayer) MediaType() (types.MediaType, error) {
	return types.MediaType(l.mediaType), nil
}
