package v1alpha1

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
)

// Digest names content by its SHA-256, "sha256:" and 64 lower-case hex digits, as in the OCI
// image specification. The empty Digest means "none".
type Digest string

var digestForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// DigestOf gives the digest of data.
func DigestOf(data []byte) Digest {
	sum := sha256.Sum256(data)
	return Digest("sha256:" + hex.EncodeToString(sum[:]))
}

// ParseDigest checks the form of a digest.
func ParseDigest(text string) (Digest, error) {
	if !digestForm.MatchString(text) {
		return "", fmt.Errorf("%q is not a digest (sha256: and 64 hex digits)", text)
	}
	return Digest(text), nil
}

// Hex gives the 64 hex digits, "" for the empty digest.
func (d Digest) Hex() string {
	if len(d) <= len("sha256:") {
		return ""
	}
	return string(d)[len("sha256:"):]
}

// Short gives the first twelve hex digits: enough for people and for names of units and entries.
func (d Digest) Short() string {
	if hex := d.Hex(); len(hex) >= 12 {
		return hex[:12]
	}
	return d.Hex()
}

// digestOfJSON gives the digest of v's compact JSON. encoding/json writes struct fields in the
// order of their declaration and map keys sorted, so equal values have equal digests.
func digestOfJSON(v any) Digest {
	data, err := json.Marshal(v)
	if err != nil {
		// Only channels, functions and cycles cannot be encoded; no type of this package has one.
		return ""
	}
	return DigestOf(data)
}
