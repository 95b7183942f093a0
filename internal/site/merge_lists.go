package site

import (
	"fmt"
	"reflect"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// joinLists joins the lists of our blocks by the names of their items, and those of Kairos' keys as
// kairos-sdk's collector does (v0.25.3, collector.mergeSlices): mappings are put behind each other,
// and of scalars each is there once. But the same item of two files is one, and nothing that has a
// name takes the place of another of that name without a word.
func (m *merger) joinLists(at key, a, b *value) *value {
	whole := &value{kind: yaml.SequenceNode, place: a.place, items: slices.Clone(a.items)}
	switch named := namedBy(at.path); {
	case at.shape != nil:
		m.addOurs(whole, b, at.shape.Elem())
	case len(at.path) == 2 && at.path[0] == "stages":
		m.addSteps(whole, b)
	case named != "":
		m.addNamed(whole, b, named)
	default:
		addPlain(whole, b)
	}
	return whole
}

// addOurs adds the items that are not there yet. Two items of one name must be equal, or of two
// sources: then the later one takes the other's place.
func (m *merger) addOurs(whole, b *value, s shape) {
	for _, item := range b.items {
		name := nameOf(item, s)
		i := slices.IndexFunc(whole.items, func(known *value) bool { return reflect.DeepEqual(nameOf(known, s), name) })
		switch {
		case i < 0:
			whole.items = append(whole.items, item)
		case reflect.DeepEqual(typed(whole.items[i], s), typed(item, s)):
		case whole.items[i].place.source == item.place.source:
			m.conflict(item.place, fmt.Sprintf("other settings for %s here, but these at %s", name, whole.items[i].place), "say it once")
		default:
			m.override(item.place, whole.items[i].place)
			whole.items[i] = item
		}
	}
}

// namedBy gives the key by which the items of a list of Kairos' are told apart. yip (v1.25.1,
// schema.cloudInit.Load) puts users into a map, where the last of a name wins, and writes the files
// of write_files one after the other.
func namedBy(path []string) string {
	if len(path) != 1 {
		return ""
	}
	return map[string]string{"users": "name", "write_files": "path"}[path[0]]
}

func (m *merger) addNamed(whole, b *value, key string) {
	found := twins{}
	for _, item := range b.items {
		name := item.text(key)
		i := slices.IndexFunc(whole.items, func(known *value) bool { return name != "" && known.text(key) == name })
		switch {
		case found.take(whole, item, same):
		case i < 0:
			whole.items = append(whole.items, item)
		case whole.items[i].place.file == item.place.file:
			p := item.place.problem(fmt.Sprintf("%s %q stands at %s already: the last one wins", key, name, whole.items[i].place), "keep one of the two", v1alpha1.CodeRepeatedKey)
			p.Warning = true
			m.problems = append(m.problems, p)
			whole.items = append(whole.items, item)
		case whole.items[i].place.source == item.place.source:
			what := fmt.Sprintf("other settings for %s here, but these at %s", name, whole.items[i].place)
			if m.inForce(whole.items[i].place, item.place, what) {
				whole.items[i] = item
				continue
			}
			m.conflict(item.place, what, "say it once")
		default:
			m.override(item.place, whole.items[i].place)
			whole.items[i] = item
		}
	}
}

// addPlain adds as the collector does, which looks at the first item to tell what kind of list it is.
func addPlain(whole, b *value) {
	if len(whole.items) == 0 {
		whole.items = b.items
		return
	}
	found, united := twins{}, whole.items[0].kind != yaml.MappingNode
	for _, item := range b.items {
		twice := united && item.kind == yaml.ScalarNode && slices.ContainsFunc(whole.items, func(known *value) bool { return same(known, item) })
		if !twice && !found.take(whole, item, same) {
			whole.items = append(whole.items, item)
		}
	}
}

// twins finds the items that another file has as well. Each is found once: what stands twice in a
// file means two.
type twins map[*value]bool

// take tells whether another file has the same item, by what the caller takes for the same.
func (t twins) take(whole, item *value, same func(a, b *value) bool) bool {
	for _, known := range whole.items {
		if known.place.file != item.place.file && !t[known] && same(known, item) {
			t[known] = true
			return true
		}
	}
	return false
}
