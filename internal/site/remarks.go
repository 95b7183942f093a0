package site

import (
	"strings"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// remarks tells of the keys that were given and do not do what they say: one problem for each key,
// where it stands first. A key with its default value changes nothing, and is not told.
func remarks(block string, given *v1alpha1.Document) v1alpha1.Problems {
	var found v1alpha1.Problems
	told := map[string]bool{}
	for _, path := range given.Values(block) {
		key, ok := v1alpha1.KeyOf(strings.TrimPrefix(path, block+"."))
		if !ok || told[key.Path] || given.Text(path) == key.Default {
			continue
		}
		p := v1alpha1.Problem{Path: path, Warning: true, Remedy: key.Note}
		switch key.State {
		case v1alpha1.KeyEffective:
			continue
		case v1alpha1.KeyPlanned:
			p.What, p.Code = "it is understood, and has no effect yet", v1alpha1.CodePlanned
		case v1alpha1.KeyDeprecated:
			p.What, p.Code = "it is an old name", v1alpha1.CodeDeprecated
		case v1alpha1.KeyIgnored:
			p.What, p.Code = "it has no effect", v1alpha1.CodeIgnored
		case v1alpha1.KeyUnsupported:
			p.What, p.Code, p.Warning = "it is not supported", v1alpha1.CodeUnsupported, false
		}
		told[key.Path] = true
		found = append(found, p)
	}
	return found
}
