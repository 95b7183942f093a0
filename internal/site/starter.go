package site

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

const starterHead = `#cloud-config
# User-data of a host that stylet manages. Every key is optional; those in comments
# have their defaults. Check this file with: stylet validate FILE

stylet:
  # The profile that says what the host runs.
  assignment:
    profile: registry.example/site/store:stable

# A user to log in with, at the console and by SSH. This part is Kairos'.
#users:
#  - name: technician
#    groups: [admin]
#    ssh_authorized_keys: ["ssh-ed25519 AAAA... you@example"]

# ---------------------------------------------------------------------------
# All keys below stylet:, with their defaults.
`

// Starter is user-data to start from: it validates as it is, and shows every key.
func Starter() []byte {
	var b strings.Builder
	b.WriteString(starterHead)
	for _, key := range v1alpha1.SiteKeys() {
		if slices.Contains([]v1alpha1.KeyState{v1alpha1.KeyDeprecated, v1alpha1.KeyIgnored, v1alpha1.KeyUnsupported}, key.State) {
			continue
		}
		effect := strings.ReplaceAll(key.Effect, "`", "")
		if key.State == v1alpha1.KeyPlanned {
			effect += " (no effect yet)"
		}
		fmt.Fprintf(&b, "# %s\n", key.Path)
		b.WriteString(comment(effect))
		if key.Default != "" {
			fmt.Fprintf(&b, "#     default: %s\n", key.Default)
		}
	}
	return []byte(b.String())
}

// comment breaks a text into comment lines.
func comment(text string) string {
	const width = 78
	var b strings.Builder
	line := "#    "
	for word := range strings.FieldsSeq(text) {
		if len(line)+1+len(word) > width {
			b.WriteString(line + "\n")
			line = "#    "
		}
		line += " " + word
	}
	return b.String() + line + "\n"
}
