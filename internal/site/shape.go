package site

import (
	"fmt"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// shape is the Go type of a value of our blocks; nil below the keys of Kairos.
type shape = reflect.Type

// below gives the shape of what stands below a key.
func below(s shape, key string) shape {
	if s == nil {
		return nil
	}
	if s.Kind() == reflect.Map {
		return s.Elem()
	}
	if s.Kind() == reflect.Struct {
		for _, field := range reflect.VisibleFields(s) {
			if name, options, _ := strings.Cut(field.Tag.Get("yaml"), ","); name == key && options != "inline" {
				return field.Type
			}
		}
	}
	return nil
}

// normal brings a value of our blocks into the form in which it is merged and written: lists as
// lists, texts as texts, and without the keys that say nothing. Below `stylus:` the documented
// default of a text is the empty one: it says nothing there.
func normal(v *value, s shape) *value {
	fresh := *v
	switch {
	case v.isNull():
		return v
	case s == reflect.TypeFor[v1alpha1.TextList]() && v.kind == yaml.ScalarNode:
		fresh.kind, fresh.scalar = yaml.SequenceNode, nil
		for i, text := range v1alpha1.TextListOf(v.scalar.Value) {
			item := &value{kind: yaml.ScalarNode, scalar: textNode(text), place: v.place}
			item.place.path = fmt.Sprintf("%s[%d]", v.place.path, i)
			fresh.items = append(fresh.items, item)
		}
	case v.kind == yaml.MappingNode:
		fresh.entries = nil
		for _, e := range v.entries {
			of := below(s, e.key.Value)
			if s.Kind() == reflect.Struct && saysNothingBelow(e.value) {
				continue
			}
			fresh.entries = append(fresh.entries, entry{textNode(e.key.Value), normal(e.value, of)})
		}
	case v.kind == yaml.SequenceNode:
		fresh.items = nil
		for _, item := range v.items {
			fresh.items = append(fresh.items, normal(item, s.Elem()))
		}
	case isText(s):
		fresh.scalar = textNode(v.scalar.Value)
	}
	return &fresh
}

func saysNothingBelow(v *value) bool {
	return v.isNull() || v.kind == yaml.ScalarNode && v.scalar.Value == "" && strings.HasPrefix(v.place.path, documented+".")
}

func isText(s shape) bool {
	return s.Kind() == reflect.String || s == reflect.TypeFor[v1alpha1.Duration]() || s == reflect.TypeFor[v1alpha1.Size]()
}

// typed gives what a value means, to compare and to print it: secrets redact themselves.
func typed(v *value, s shape) any {
	if s.Kind() == reflect.Pointer {
		s = s.Elem()
	}
	out := reflect.New(s)
	if err := v.node().Decode(out.Interface()); err != nil {
		return nil // its file has been checked
	}
	return out.Elem().Interface()
}

// nameOf gives the name of a list's item: the first field of a struct, or the item itself.
func nameOf(item *value, s shape) any {
	if s.Kind() != reflect.Struct {
		return typed(item, s)
	}
	key, _, _ := strings.Cut(s.Field(0).Tag.Get("yaml"), ",")
	return item.text(key)
}

// same tells whether two values of Kairos' mean the same to it.
func same(a, b *value) bool {
	if a.kind != b.kind || len(a.items) != len(b.items) || len(a.entries) != len(b.entries) {
		return false
	}
	for i := range a.items {
		if !same(a.items[i], b.items[i]) {
			return false
		}
	}
	for _, e := range a.entries {
		if other := b.get(e.key.Value); other == nil || !same(e.value, other) {
			return false
		}
	}
	return a.kind != yaml.ScalarNode || sameScalar(a.scalar, b.scalar)
}

func sameScalar(a, b *yaml.Node) bool {
	if a.Tag == b.Tag && a.Value == b.Value {
		return true
	}
	var one, other any
	return a.Decode(&one) == nil && b.Decode(&other) == nil && reflect.DeepEqual(one, other)
}
