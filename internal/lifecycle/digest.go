package lifecycle

import (
	"encoding/json"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Digest identifies the configuration. An empty one has a digest too, so that the revision of a
// profile without files differs from that of an installer's image.
func (c HostConfig) Digest() v1alpha1.Digest {
	data, err := json.Marshal(c)
	if err != nil {
		return "" // strings always encode
	}
	return v1alpha1.DigestOf(data)
}
