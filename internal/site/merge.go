package site

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Origins say where the values of a Site stand: the key's path ("stylet.install.device",
// "stylet.registries[0]") gives FILE:LINE:COLUMN.
type Origins map[string]string

// merger puts the blocks of several files together: maps key by key, lists item by item. Nothing
// is overwritten silently: two files that disagree are a problem that names both places.
type merger struct {
	site     v1alpha1.Site
	origins  Origins
	problems v1alpha1.Problems
}

// add merges one file. A file with problems adds nothing but them.
func (m *merger) add(f file) {
	m.problems = append(m.problems, f.problems...)
	if f.document == nil || len(f.problems) > 0 {
		return
	}
	if m.origins == nil {
		m.origins = Origins{}
	}
	m.merge(f.document, block, reflect.ValueOf(&m.site).Elem(), reflect.ValueOf(f.site))
}

func (m *merger) merge(from *v1alpha1.Document, at string, into, value reflect.Value) {
	if !from.Has(at) {
		return
	}
	switch value.Kind() {
	case reflect.Struct:
		for i := range value.NumField() {
			name, _, _ := strings.Cut(value.Type().Field(i).Tag.Get("yaml"), ",")
			m.merge(from, at+"."+name, into.Field(i), value.Field(i))
		}
	case reflect.Slice:
		m.mergeList(from, at, into, value)
	default:
		m.mergeScalar(from, at, into, value)
	}
}

func (m *merger) mergeScalar(from *v1alpha1.Document, at string, into, value reflect.Value) {
	before, known := m.origins[at]
	switch {
	case !known:
		into.Set(value)
		m.origins[at] = place(from, at)
	case !value.Equal(into):
		m.disagree(from, at, fmt.Sprint(value), fmt.Sprint(into), before)
	}
}

// mergeList adds the items that are not there yet. The first field of an item is its name: two
// items of one name must be equal.
func (m *merger) mergeList(from *v1alpha1.Document, at string, into, value reflect.Value) {
	for i := range value.Len() {
		item, itemAt := value.Index(i), fmt.Sprintf("%s[%d]", at, i)
		twin := -1
		for j := range into.Len() {
			if into.Index(j).Field(0).Equal(item.Field(0)) {
				twin = j
			}
		}
		switch {
		case twin < 0:
			m.origins[fmt.Sprintf("%s[%d]", at, into.Len())] = place(from, itemAt)
			into.Set(reflect.Append(into, item))
		case !into.Index(twin).Equal(item):
			what := fmt.Sprint("other settings for ", item.Field(0))
			m.disagree(from, itemAt, what, "these", m.origins[fmt.Sprintf("%s[%d]", at, twin)])
		}
	}
}

func (m *merger) disagree(from *v1alpha1.Document, at, here, there, before string) {
	m.problems = append(m.problems, from.Problem(at,
		fmt.Sprintf("%s here, but %s at %s", here, there, before), "say it once"))
}

func place(from *v1alpha1.Document, at string) string {
	p := from.Problem(at, "", "")
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}
