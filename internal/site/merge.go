package site

import (
	"fmt"
	"reflect"

	"go.yaml.in/yaml/v3"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// merger puts the files of all sources together: maps key by key, lists item by item. Two files of
// one source that disagree are a problem that names both places. A later source wins over an
// earlier one, and a warning says so.
type merger struct {
	top      *value // nil before the first file
	sources  []string
	problems v1alpha1.Problems
}

// key is where the merge stands.
type key struct {
	path  []string
	shape shape
}

func (k key) below(name string) key {
	if len(k.path) == 0 && name == block {
		return key{[]string{name}, reflect.TypeFor[v1alpha1.Site]()}
	}
	return key{append(k.path[:len(k.path):len(k.path)], name), below(k.shape, name)}
}

// join gives what a and b, which is read later, say together. Either may be nil.
func (m *merger) join(at key, a, b *value) *value {
	switch {
	case b == nil || a != nil && b.isNull():
		return a // a key without a value says nothing, rather than take away what was said
	case a == nil && b.kind == yaml.ScalarNode, a != nil && a.isNull() && b.kind == yaml.ScalarNode:
		return b
	case a == nil || a.isNull():
		a = &value{kind: b.kind, place: b.place}
	case a.kind != b.kind:
		what := fmt.Sprintf("%s here, but %s at %s", kindName(b), kindName(a), a.place)
		if at.shape == nil && m.inForce(a.place, b.place, what) {
			return b
		}
		m.conflict(b.place, what, "say it once")
		return a
	}
	switch b.kind {
	case yaml.MappingNode:
		return m.joinMaps(at, a, b)
	case yaml.SequenceNode:
		return m.joinLists(at, a, b)
	default:
		return m.joinScalars(at, a, b)
	}
}

func (m *merger) joinMaps(at key, a, b *value) *value {
	whole := &value{kind: yaml.MappingNode, place: a.place}
	whole.entries = append(whole.entries, a.entries...)
	for _, e := range b.entries {
		whole.set(e.key, m.join(at.below(e.key.Value), a.get(e.key.Value), e.value))
	}
	return whole
}

func (m *merger) joinScalars(at key, a, b *value) *value {
	equal := sameScalar(a.scalar, b.scalar)
	here, there := "another value", "what stands"
	if at.shape != nil {
		one, other := typed(a, at.shape), typed(b, at.shape)
		equal = reflect.DeepEqual(one, other)
		here, there = fmt.Sprint(other), fmt.Sprint(one)
	}
	switch {
	case equal && a.place.source == b.place.source:
		return a
	case equal || isTitle(at.path):
		return b
	case a.place.source == b.place.source:
		what := fmt.Sprintf("%s here, but %s at %s", here, there, a.place)
		if at.shape == nil && m.inForce(a.place, b.place, what) {
			return b
		}
		m.conflict(b.place, what, "say it once")
		return a
	}
	m.override(b.place, a.place)
	return b
}

// isTitle tells of the key that names a file, and nothing in it: the last one wins, as with
// kairos-sdk's collector, and nobody need hear of it.
func isTitle(path []string) bool { return len(path) == 1 && path[0] == "name" }

func (m *merger) conflict(at place, what, remedy string) {
	m.problems = append(m.problems, at.problem(what, remedy, v1alpha1.CodeConflict))
}

// inForce tells whether two files that disagree about a key of Kairos' are both of COS_OEM. There it is
// too late to refuse: Kairos acts on both, and where there can be but one it takes the later. A
// running host must not stop for a file that somebody else wrote; it is a warning.
func (m *merger) inForce(a, b place, what string) bool {
	if m.sources[a.source] != SourceOEM || m.sources[b.source] != SourceOEM || a.file == b.file {
		return false
	}
	p := b.problem(what+": Kairos takes the later one, or both", "say it once", v1alpha1.CodeConflict)
	p.Warning = true
	m.problems = append(m.problems, p)
	return true
}

// override tells that what stands at a place wins over what an earlier source says.
func (m *merger) override(winner, loser place) {
	what := fmt.Sprintf("this wins over %s (%s is stronger than %s)", loser, m.sources[winner.source], m.sources[loser.source])
	p := winner.problem(what, "say it once, or leave it: this is the order of the sources", v1alpha1.CodeOverridden)
	p.Warning = true
	m.problems = append(m.problems, p)
}

func kindName(v *value) string {
	switch v.kind {
	case yaml.MappingNode:
		return "keys and values"
	case yaml.SequenceNode:
		return "a list"
	default:
		return "text"
	}
}
