package compose

import (
	"fmt"
	"path"
	"strings"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Violation is one breach of a rule for layers.
type Violation struct {
	Layer string // the layer's name
	Path  string // absolute in the image
	Rule  string // stable, for example runtime.hidden-path
	Why   string
}

func (v Violation) String() string {
	return fmt.Sprintf("layer %s: %s: %s [%s]", v.Layer, v.Path, v.Why, v.Rule)
}

// pathRule forbids paths and all below them.
type pathRule struct {
	rule  string
	why   string
	paths []string
}

// rulesFor gives the paths that a layer of that kind must not touch. Immucore's ways are behind
// most of them: persistent paths mix the files of all images that ever ran ("newest wins"), and
// what lies under a mount is never seen.
func rulesFor(kind v1alpha1.LayerKind) []pathRule {
	reserved := pathRule{"reserved-path", "stylet writes this file itself", []string{v1alpha1.ImageRecordPath}}
	if kind == v1alpha1.LayerOS {
		return []pathRule{reserved}
	}
	return []pathRule{
		reserved,
		{"hidden-path", "hidden on a running host by a mount; use /usr/bin or /usr/lib/stylet", []string{
			"/usr/local", "/oem", "/run", "/tmp", "/dev", "/proc", "/sys",
		}},
		{"persistent-path", "files of all images ever run are mixed there, newest wins; use /usr", []string{
			"/opt", "/home", "/root", "/etc/systemd", "/etc/cni", "/etc/kubernetes", "/etc/rancher", "/etc/ssh",
		}},
		{"state-path", "state of the host, not of an image; use tmpfiles.d to create it", []string{"/var", "/srv"}},
		{"os-path", "belongs to the OS layer alone", []string{
			"/boot", "/usr/lib/modules", "/system", "/etc/cos", "/etc/kairos", "/etc/kairos-release", "/etc/machine-id",
		}},
		{"users", "users come from sysusers.d", []string{
			"/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow", "/etc/subuid", "/etc/subgid",
		}},
	}
}

// check gives the breach of the first rule that forbids the path (relative, clean, folded).
func check(layer v1alpha1.Layer, rules []pathRule, name string) *Violation {
	full := "/" + name
	for _, r := range rules {
		for _, p := range r.paths {
			if rest, ok := strings.CutPrefix(full, p); ok && (rest == "" || rest[0] == '/') {
				return &Violation{Layer: layer.Name, Path: full, Rule: string(layer.Kind) + "." + r.rule, Why: r.why}
			}
		}
	}
	return nil
}

// checkHeld does so for a directory that goes away with all it holds.
func checkHeld(layer v1alpha1.Layer, rules []pathRule, name string) *Violation {
	for _, r := range rules {
		for _, p := range r.paths {
			if strings.HasPrefix(p, "/"+name+"/") {
				return &Violation{
					Layer: layer.Name, Path: "/" + name, Rule: string(layer.Kind) + "." + r.rule,
					Why: "it would take away " + p + ", which the layer must not touch",
				}
			}
		}
	}
	return nil
}

// ownProvider is the one Kairos provider of an image; kairos-agent runs every agent-provider-*
// that it finds.
const (
	ownProvider    = "agent-provider-stylet"
	providerPrefix = "agent-provider-"
)

func isForeignProvider(name string) bool {
	base := path.Base(name)
	return strings.HasPrefix(base, providerPrefix) && base != ownProvider
}

// fold moves a path of the old layout into /usr, as Debian, Ubuntu and openSUSE have it. The
// links themselves (/lib -> usr/lib) stay where they are.
func fold(name string, isLink bool) string {
	top, _, below := strings.Cut(name, "/")
	switch top {
	case "bin", "sbin", "lib", "lib32", "lib64", "libx32":
		if below || !isLink {
			return "usr/" + name
		}
	}
	return name
}

// cleanName gives the relative clean form of an entry's name, "" for the root, or the rule that
// it breaks.
func cleanName(name string) (clean, rule, why string) {
	if len(name) >= 4096 {
		return "", "entry.path-too-long", "a path has at most 4095 bytes"
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == ".." {
			return "", "entry.path-escapes", `".." is not permitted in a path`
		}
		if len(part) > 255 {
			return "", "entry.path-too-long", "a name has at most 255 bytes"
		}
	}
	if strings.ContainsRune(name, 0) {
		return "", "entry.path-escapes", "a zero byte is not permitted in a path"
	}
	return path.Clean("/" + name)[1:], "", ""
}

// maxNamed is how many breaches an error names in full.
const maxNamed = 20

// rejected makes the one error that names all breaches, nil for none.
func rejected(violations []Violation) error {
	if len(violations) == 0 {
		return nil
	}
	var text strings.Builder
	for i, v := range violations {
		if i == maxNamed {
			fmt.Fprintf(&text, "\n  and %d more", len(violations)-i)
			break
		}
		text.WriteString("\n  " + v.String())
	}
	return fault.New(fault.Input, CodeRejected, "build the named layers anew without these paths, and push the profile",
		"the layers break %d rule(s):%s", len(violations), text.String())
}
