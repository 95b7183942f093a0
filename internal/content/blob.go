package content

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// LayerSource finds the blob of a layer of the profile at profileRef: it fetches the layer's
// manifest by its digest and checks that it holds exactly the blob that the profile describes.
// The error kinds are those of Resolve.
func (c *Client) LayerSource(ctx context.Context, profileRef string, layer v1alpha1.Layer) (Source, error) {
	ref, err := c.layerReference(profileRef, layer)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, smallTimeout)
	defer cancel()
	raw, err := c.manifest(ctx, ref)
	if err != nil {
		return nil, fmt.Errorf("finding the layer %s: %w", layer.Name, err)
	}
	blob, err := parseArtifact(raw, "the layer "+layer.Name, LayerArtifact, LayerZstd, LayerGzip)
	if err != nil {
		return nil, err
	}
	if want := DescriptorOf(layer); blob != want {
		return nil, fault.New(fault.Input, "profile.layer-mismatch", "push the profile again",
			"the layer %s holds %s of %d bytes where the profile says %s of %d", layer.Name, blob.Digest, blob.Size, want.Digest, want.Size)
	}
	return &blobSource{client: c, repo: ref.Context(), blob: blob, what: "layer " + layer.Name}, nil
}

// DescriptorOf names the blob of a pushed layer; of a layer without content it is zero.
func DescriptorOf(layer v1alpha1.Layer) Descriptor {
	if layer.Content == nil {
		return Descriptor{}
	}
	return Descriptor{Digest: layer.Content.Digest, Size: layer.Content.Size}
}

// layerReference completes an image without a registry by the profile's.
func (c *Client) layerReference(profileRef string, layer v1alpha1.Layer) (name.Reference, error) {
	image := layer.Image
	if strings.HasPrefix(image, "/") {
		profile, err := name.ParseReference(profileRef, name.StrictValidation)
		if err != nil {
			return nil, badReference(err, profileRef)
		}
		image = profile.Context().RegistryStr() + image
	}
	ref, err := c.parse(image)
	if err != nil {
		return nil, err
	}
	if _, pinned := ref.(name.Digest); !pinned {
		return nil, fault.New(fault.Input, "registry.reference", "pin it by @sha256:DIGEST", "the layer %s is not named by digest: %q", layer.Name, layer.Image)
	}
	return ref, nil
}

// blobSource fetches ranges of one blob of a repository.
type blobSource struct {
	client *Client
	repo   name.Repository
	blob   Descriptor
	what   string
}

var _ Source = (*blobSource)(nil)

// Name gives "layer os from REGISTRY".
func (s *blobSource) Name() string { return s.what + " from " + s.repo.RegistryStr() }

// Fetch asks for a closed range: some registries answer 416 to an open one. It does not wait for
// an "Accept-Ranges", which most registries do not send though they serve ranges.
func (s *blobSource) Fetch(ctx context.Context, from, to int64) (Part, error) {
	header := http.Header{"Range": {fmt.Sprintf("bytes=%d-%d", from, to-1)}}
	response, err := s.client.get(ctx, s.repo, "blobs/"+string(s.blob.Digest), header, http.StatusOK, http.StatusPartialContent)
	if err != nil {
		return Part{}, err
	}
	part := Part{ReadCloser: response.Body, From: 0, To: s.blob.Size}
	switch {
	case response.StatusCode == http.StatusPartialContent:
		if err = s.checkRange(response.Header.Get("Content-Range"), from, to); err == nil {
			part.From, part.To = from, to
		}
	case response.ContentLength >= 0 && response.ContentLength != s.blob.Size:
		err = s.wrongSize(response.ContentLength)
	}
	if err != nil {
		_ = response.Body.Close() // nothing of it was read
		return Part{}, err
	}
	return part, nil
}

func (s *blobSource) checkRange(text string, from, to int64) error {
	var first, last int64
	var total string
	if _, err := fmt.Sscanf(text, "bytes %d-%d/%s", &first, &last, &total); err != nil || first != from || last != to-1 {
		return fault.New(fault.Retry, "registry.bad-range", "look for a proxy that changes answers on the way to "+s.repo.RegistryStr(),
			"asked for the bytes %d to %d, %s answers with %q", from, to-1, s.repo.RegistryStr(), text)
	}
	if total != "*" && total != fmt.Sprint(s.blob.Size) {
		return s.wrongSize(total)
	}
	return nil
}

func (s *blobSource) wrongSize(got any) error {
	return fault.New(fault.Input, "content.corrupt", "push the profile again",
		"the blob %s has %v bytes at %s where the profile says %d", s.blob.Digest.Short(), got, s.repo.RegistryStr(), s.blob.Size)
}
