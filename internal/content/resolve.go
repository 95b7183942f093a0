package content

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// smallTimeout bounds the fetching of a manifest or a profile, from the name's resolution to the
// last byte.
const smallTimeout = time.Minute

// Resolved is what a reference to a profile named at the time of asking.
type Resolved struct {
	Profile v1alpha1.Profile `json:"profile"`
	// Digest is that of the artifact's manifest; the profile's own is Profile.Digest().
	Digest v1alpha1.Digest `json:"digest"`
	// Reference names this very artifact: REGISTRY/REPOSITORY@sha256:DIGEST.
	Reference string `json:"reference"`
}

// Resolve fetches the profile that the reference names, and checks it. Errors: of kind Retry when
// the registry cannot be asked now; Input when the reference, the access or the profile is
// wrong; Refused for a registry without TLS that the site does not permit.
func (c *Client) Resolve(ctx context.Context, reference string) (Resolved, error) {
	return c.Refresh(ctx, reference, Resolved{})
}

// Refresh is Resolve for one who has asked before: when the reference still names what is known,
// only the manifest is fetched. What is known must come from Resolve or Refresh: it is not checked.
func (c *Client) Refresh(ctx context.Context, reference string, known Resolved) (Resolved, error) {
	ref, err := c.parse(reference)
	if err != nil {
		return Resolved{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, smallTimeout)
	defer cancel()
	resolved, err := c.resolve(ctx, ref, known)
	if err != nil {
		return Resolved{}, fmt.Errorf("resolving the profile %s: %w", reference, err)
	}
	// As it was asked for: whoever uses it is sent elsewhere again, and layers are beside it there.
	asked, err := name.ParseReference(reference, name.StrictValidation)
	if err != nil {
		return Resolved{}, fmt.Errorf("resolving the profile %s: %w", reference, err)
	}
	resolved.Reference = asked.Context().Name() + "@" + string(resolved.Digest)
	return resolved, nil
}

func (c *Client) resolve(ctx context.Context, ref name.Reference, known Resolved) (Resolved, error) {
	raw, err := c.manifest(ctx, ref)
	if err != nil {
		return Resolved{}, err
	}
	digest := v1alpha1.DigestOf(raw)
	if known.Digest == digest {
		return Resolved{Profile: known.Profile, Digest: digest}, nil
	}
	blob, err := parseArtifact(raw, "it", ProfileArtifact, ProfileMediaType)
	if err != nil {
		return Resolved{}, err
	}
	data, err := c.small(ctx, ref.Context(), "blobs/"+string(blob.Digest), nil, v1alpha1.MaxProfileBytes)
	if err != nil {
		return Resolved{}, err
	}
	if got := v1alpha1.DigestOf(data); got != blob.Digest {
		return Resolved{}, corrupt(ref.Context(), blob.Digest, got)
	}
	profile, err := v1alpha1.ParsePushedProfile(data)
	if err != nil {
		return Resolved{}, fault.Wrap(err, fault.Input, "profile.invalid",
			"push the profile with a `stylet profile push` that is not newer than this host", "the profile is not one that this stylet understands")
	}
	return Resolved{Profile: profile, Digest: digest}, nil
}

// manifest fetches a manifest; one that is named by digest is verified.
func (c *Client) manifest(ctx context.Context, ref name.Reference) ([]byte, error) {
	accept := http.Header{"Accept": {string(types.OCIManifestSchema1)}}
	raw, err := c.small(ctx, ref.Context(), "manifests/"+ref.Identifier(), accept, maxManifestBytes)
	if err != nil {
		return nil, err
	}
	if want, pinned := ref.(name.Digest); pinned {
		if got := v1alpha1.DigestOf(raw); string(got) != want.DigestStr() {
			return nil, corrupt(ref.Context(), v1alpha1.Digest(want.DigestStr()), got)
		}
	}
	return raw, nil
}

func corrupt(repo name.Repository, want, got v1alpha1.Digest) error {
	return fault.New(fault.Input, "content.corrupt", "push the profile again, or look for a proxy that changes what passes through it",
		"the registry %s does not give %s but %s", repo.RegistryStr(), want, got)
}

// small fetches something that must not be larger than limit bytes.
func (c *Client) small(ctx context.Context, repo name.Repository, path string, header http.Header, limit int64) (data []byte, err error) {
	if header == nil {
		header = http.Header{}
	}
	response, err := c.get(ctx, repo, path, header, http.StatusOK)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	data, err = io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err != nil {
		return nil, c.translate(err, repo)
	}
	if int64(len(data)) > limit {
		return nil, fault.New(fault.Input, "registry.too-big", "check the reference", "the registry %s sends more than %d bytes for %s", repo.RegistryStr(), limit, path)
	}
	return data, nil
}
