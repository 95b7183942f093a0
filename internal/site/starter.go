package site

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stylet-edge/stylet/internal/base/prose"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

const starterHead = `#cloud-config
## User-data of a host that stylet manages. Every key is optional. What a # hides is YAML: take
## the # away, and leave the spaces behind it. Lines that begin with ## explain.
## Check this file with: stylet validate FILE

## A user to log in with, at the console and by SSH. This part is Kairos'.
#users:
#  - name: technician
#    groups: [admin]
#    ssh_authorized_keys: ["ssh-ed25519 AAAA... you@example"]

`

// liveKeys are not hidden: the one key that nearly every host has, and what is around it.
func liveKeys() []string { return []string{"assignment", "assignment.profile"} }

// starterValues are examples for keys without a default that must not be empty, or not all of them.
func starterValues() map[string]string {
	return map[string]string{
		"assignment.profile": "registry.example/site/store:stable",
		"registries[].host":  "registry.example:5000", "registryCredentials.domain": "mirror.example",
		"externalRegistries.registries[].domain": "another.example", "externalRegistries.registryMappingRules.*": "mirror.example/hub",
		"install.deviceSelector.minSize": "100G", "probe.overrides[].check": "memory.minimum", "probe.overrides[].reason": "why this host is an exception",
		"site.tags.*": "north", "site.users[].name": "technician",
	}
}

// starterNames stand for names of the site's own.
func starterNames() map[string]string {
	return map[string]string{"tags": "region", "registryMappingRules": "docker.io", "interfaces": "eth0"}
}

// starterKey is a key with those below it.
type starterKey struct {
	name  string // "[]" for the items of a list, "*" for names of the site's own
	about v1alpha1.SiteKey
	below []*starterKey
}

// Starter is user-data to start from: it validates as it is, and with all that is hidden in it.
func Starter() []byte {
	top := &starterKey{name: block}
	for _, key := range v1alpha1.SiteKeys() {
		if slices.Contains([]v1alpha1.KeyState{v1alpha1.KeyDeprecated, v1alpha1.KeyIgnored, v1alpha1.KeyUnsupported}, key.State) {
			continue
		}
		at := top
		for name := range strings.SplitSeq(strings.ReplaceAll(key.Path, "[]", ".[]"), ".") {
			at = at.child(name)
		}
		at.about = key
	}
	var b strings.Builder
	b.WriteString(starterHead + block + ":\n")
	for _, key := range top.below {
		key.write(&b, "", "  ")
	}
	return []byte(b.String())
}

func (k *starterKey) child(name string) *starterKey {
	for _, known := range k.below {
		if known.name == name {
			return known
		}
	}
	fresh := &starterKey{name: name}
	k.below = append(k.below, fresh)
	return fresh
}

// write writes the key and what is below it; around is the path to it, lead what is before its name.
func (k *starterKey) write(b *strings.Builder, around, lead string) {
	path := strings.TrimPrefix(around+"."+k.name, ".")
	indent := strings.ReplaceAll(lead, "-", " ")
	hidden := "#"
	if slices.Contains(liveKeys(), path) {
		hidden = ""
	}
	var first *starterKey
	if len(k.below) > 0 {
		first = k.below[0]
	}
	switch {
	case first == nil:
		comment(b, indent, k.about)
		fmt.Fprintf(b, "%s%s%s:%s\n", hidden, lead, k.name, starterValue(k.about))
	case first.name == "[]" && len(first.below) == 0:
		comment(b, indent, first.about)
		fmt.Fprintf(b, "%s%s%s: []\n", hidden, lead, k.name)
	case first.name == "[]":
		fmt.Fprintf(b, "%s%s%s:\n", hidden, lead, k.name)
		for i, key := range first.below {
			key.write(b, path+"[]", indent+map[bool]string{true: "  - ", false: "    "}[i == 0])
		}
	case first.name == "*":
		fmt.Fprintf(b, "%s%s%s:\n", hidden, lead, k.name)
		name := &starterKey{name: starterNames()[k.name], about: first.about, below: first.below}
		name.write(b, path, indent+"  ")
	default:
		fmt.Fprintf(b, "%s%s%s:\n", hidden, lead, k.name)
		for _, key := range k.below {
			key.write(b, path, indent+"  ")
		}
	}
}

// starterValue is the example or the default; nothing where the default is not a value.
func starterValue(key v1alpha1.SiteKey) string {
	value := key.Default
	if example := starterValues()[key.Path]; example != "" {
		return " " + example
	}
	switch {
	case value == "" || strings.Contains(value, " "):
		return ""
	case strings.ContainsAny(value, `:\`):
		return ` "` + value + `"`
	}
	return " " + value
}

// comment writes what a key does, in lines of a readable length.
func comment(b *strings.Builder, indent string, key v1alpha1.SiteKey) {
	const width = 98
	text := strings.ReplaceAll(key.Effect, "`", "")
	if strings.Contains(key.Default, " ") {
		text += "; default: " + key.Default
	}
	if key.State == v1alpha1.KeyPlanned {
		text += " (no effect yet)"
	}
	head := "##" + indent[1:]
	b.WriteString(prose.Wrap(text, head, head, width))
}
