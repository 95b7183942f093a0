package identity

import (
	"strings"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// maxLabel is the length of a label of a host name (RFC 1123).
const maxLabel = 63

// HostName gives the OS's host name: site.hostName, or the host's ID as RFC 1123 permits it.
func HostName(id string, place v1alpha1.Place) string {
	if place.HostName != "" {
		return place.HostName
	}
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r + ('a' - 'A')
		}
		return '-'
	}, id)
	name = strings.Trim(name, "-")
	if len(name) > maxLabel {
		name = strings.TrimRight(name[:maxLabel], "-")
	}
	if name == "" {
		return "localhost"
	}
	return name
}
