package v1alpha1

import (
	"fmt"
	"regexp"
	"strings"
)

func (r *rules) layers(spec ProfileSpec) {
	if len(spec.Layers) == 0 {
		r.broken("spec.layers", "begin with a layer of kind os", "the profile has no layers")
	}
	seen := map[string]bool{}
	for i, layer := range spec.Layers {
		at := fmt.Sprintf("spec.layers[%d]", i)
		switch {
		case layer.Kind != LayerOS && layer.Kind != LayerRuntime:
			r.broken(at+".kind", nearest(string(layer.Kind), []string{string(LayerOS), string(LayerRuntime)}), "%q is not a kind of layer", layer.Kind)
		case layer.Kind == LayerOS && i > 0:
			r.broken(at+".kind", "keep one, as the first layer", "a layer of kind os after the first layer")
		case layer.Kind != LayerOS && i == 0:
			r.broken(at+".kind", "begin with a layer of kind os", "the first layer is of kind %s", layer.Kind)
		}
		r.layer(at, layer, seen)
	}
	if spec.Agent != nil {
		if spec.Agent.Kind != "" && spec.Agent.Kind != LayerAgent {
			r.broken("spec.agent.kind", "leave the key out", "%q is not the kind of the agent's layer", spec.Agent.Kind)
		}
		r.layer("spec.agent", *spec.Agent, seen)
	}
}

func (r *rules) layer(at string, layer Layer, seen map[string]bool) {
	r.label(at+".name", layer.Name)
	if seen[layer.Name] && layer.Name != "" {
		r.broken(at+".name", "give each layer a name of its own", "there is a layer %s already", layer.Name)
	}
	seen[layer.Name] = true
	switch {
	case layer.Archive != "" && r.form == pushedForm:
		r.broken(at+".archive", "push the profile with `stylet profile push`", "a local archive in a pushed profile")
	case layer.Archive != "" && (layer.Image != "" || layer.Content != nil):
		r.broken(at+".archive", "keep archive alone, or image and content", "both an archive and an image")
	case layer.Archive != "":
	case layer.Image == "" && r.form == sourceForm:
		r.broken(at+".archive", "add archive: FILE, or image and content of a layer pushed before", "neither an archive nor an image")
	default:
		r.pushedLayer(at, layer)
	}
}

// layerImage is [REGISTRY]/REPOSITORY@sha256:DIGEST, with the repository's form as in the OCI
// distribution specification.
var layerImage = regexp.MustCompile(`^([^/@]*)/[a-z0-9]+(?:(?:[._]|__|-+|/)[a-z0-9]+)*@(sha256:[0-9a-f]{64})$`)

func (r *rules) pushedLayer(at string, layer Layer) {
	switch m := layerImage.FindStringSubmatch(layer.Image); {
	case layer.Image == "":
		r.broken(at+".image", "", "the layer's image is missing")
	case !strings.Contains(layer.Image, "@sha256:"):
		r.broken(at+".image", "name it as /REPOSITORY@sha256:DIGEST", "%q is not pinned by a digest: what it names can change", layer.Image)
	case m == nil:
		r.broken(at+".image", "name it as /REPOSITORY@sha256:DIGEST, with the registry before it if it is another than the profile's", "%q is not a layer's image", layer.Image)
	case m[1] != "" && m[1] != "localhost" && !strings.ContainsAny(m[1], ".:"):
		r.broken(at+".image", "begin with / for a layer in the profile's own registry", "%q cannot be a registry", m[1])
	}
	if layer.Content == nil {
		r.broken(at+".content", "copy it from `stylet profile show`, or give the archive", "the content is missing: what the layer holds and how much room it takes")
		return
	}
	at += ".content"
	if _, err := ParseDigest(string(layer.Content.Digest)); err != nil {
		r.broken(at+".digest", "", "%s", err)
	}
	for _, n := range []struct {
		key     string
		value   int64
		atLeast int64
	}{
		{"size", layer.Content.Size, 1},
		{"unpackedBytes", layer.Content.UnpackedBytes, 0},
		{"files", layer.Content.Files, 1},
	} {
		if n.value < n.atLeast {
			r.broken(at+"."+n.key, "", "%d is less than %d", n.value, n.atLeast)
		}
	}
}
