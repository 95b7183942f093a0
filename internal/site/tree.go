package site

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// value is one value of the user-data, with the place where it stands.
type value struct {
	kind    yaml.Kind  // yaml.MappingNode, SequenceNode or ScalarNode
	scalar  *yaml.Node // of a scalar: as it is written
	entries []entry    // of a mapping, in order
	items   []*value   // of a list
	place   place
	// unnamed is the name for a step that has none; it is in the entries after the merge.
	unnamed string
}

// entry is one key of a mapping.
type entry struct {
	key   *yaml.Node
	value *value
}

// place is where a value stands.
type place struct {
	source, file int // by number, in the order of reading
	name         string
	line, column int
	path         string // as it is written: "stylus.site.name"
}

// String gives FILE:LINE:COLUMN.
func (p place) String() string { return fmt.Sprintf("%s:%d:%d", p.name, p.line, p.column) }

// problem is a problem at the place.
func (p place) problem(what, remedy, code string) v1alpha1.Problem {
	return v1alpha1.Problem{File: p.name, Line: p.line, Column: p.column, Path: p.path, What: what, Remedy: remedy, Code: code}
}

func (v *value) isNull() bool { return v.kind == yaml.ScalarNode && v.scalar.Tag == "!!null" }

// get gives what a mapping has below a key, nil if there is nothing.
func (v *value) get(key string) *value {
	for _, e := range v.entries {
		if e.key.Value == key {
			return e.value
		}
	}
	return nil
}

// text gives the scalar below a key, "" if there is none.
func (v *value) text(key string) string {
	if found := v.get(key); found != nil && found.kind == yaml.ScalarNode && !found.isNull() {
		return found.scalar.Value
	}
	return ""
}

func (v *value) set(key *yaml.Node, to *value) {
	for i, e := range v.entries {
		if e.key.Value == key.Value {
			v.entries[i].value = to
			return
		}
	}
	v.entries = append(v.entries, entry{key, to})
}

// without gives the mapping without a key.
func (v *value) without(key string) *value {
	rest := *v
	rest.entries = slices.DeleteFunc(slices.Clone(v.entries), func(e entry) bool { return e.key.Value == key })
	return &rest
}

// node gives the value for the encoder: block style, no comments, anchors or aliases.
func (v *value) node() *yaml.Node {
	n := &yaml.Node{Kind: v.kind}
	switch v.kind {
	case yaml.MappingNode:
		for _, e := range v.entries {
			n.Content = append(n.Content, plain(e.key), e.value.node())
		}
	case yaml.SequenceNode:
		for _, item := range v.items {
			n.Content = append(n.Content, item.node())
		}
	default:
		return plain(v.scalar)
	}
	if len(n.Content) == 0 {
		n.Style = yaml.FlowStyle
	}
	return n
}

// plain is a scalar as it is written, without what is around it.
func plain(scalar *yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: scalar.Tag, Value: scalar.Value, Style: roundTrip(scalar)}
}

// textNode is a text that nobody takes for a number.
func textNode(text string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
	n.Style = roundTrip(n)
	return n
}
