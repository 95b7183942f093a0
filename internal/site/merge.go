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
	Reading
	problems v1alpha1.Problems
}

// Reading is what the user-data says.
type Reading struct {
	Site v1alpha1.Site
	// Origins say where each value stands. Their keys begin with "stylet." also for what stands
	// below `stylus:`.
	Origins Origins
	// Document is one merged cloud-config.
	Document []byte
	// Warnings are problems that did not keep the user-data from being used.
	Warnings v1alpha1.Problems
}

// add merges one file. A file with problems adds nothing but them.
func (m *merger) add(f file) {
	m.problems = append(m.problems, f.problems...)
	if f.document == nil || len(f.problems.Errors()) > 0 {
		return
	}
	if m.Origins == nil {
		m.Origins = Origins{}
	}
	for _, p := range f.parts {
		source{m, f.document, p.block}.merge(block, reflect.ValueOf(&m.Site).Elem(), reflect.ValueOf(p.site))
	}
}

// source is one block of one file on its way into the whole.
type source struct {
	*merger
	document *v1alpha1.Document
	block    string
}

// path gives the path in the file for one that begins with "stylet".
func (s source) path(at string) string { return s.block + strings.TrimPrefix(at, block) }

func (s source) merge(at string, into, value reflect.Value) {
	if !s.document.Has(s.path(at)) {
		return
	}
	switch value.Kind() {
	case reflect.Struct:
		for i := range value.NumField() {
			name, options, _ := strings.Cut(value.Type().Field(i).Tag.Get("yaml"), ",")
			if options == "inline" {
				s.merge(at, into.Field(i), value.Field(i))
				continue
			}
			s.merge(at+"."+name, into.Field(i), value.Field(i))
		}
	case reflect.Slice:
		s.mergeList(at, into, value)
	case reflect.Map:
		s.mergeMap(at, into, value)
	default:
		s.mergeScalar(at, into, value)
	}
}

func (s source) mergeScalar(at string, into, value reflect.Value) {
	before, known := s.Origins[at]
	switch {
	case !known:
		into.Set(value)
		s.Origins[at] = s.place(at)
	case !value.Equal(into):
		s.disagree(at, fmt.Sprint(value), fmt.Sprint(into), before)
	}
}

// mergeMap merges what is below each name; values of a map cannot be set in place.
func (s source) mergeMap(at string, into, value reflect.Value) {
	if into.IsNil() {
		into.Set(reflect.MakeMap(into.Type()))
	}
	for _, name := range value.MapKeys() {
		whole := reflect.New(into.Type().Elem()).Elem()
		if before := into.MapIndex(name); before.IsValid() {
			whole.Set(before)
		}
		s.merge(at+"."+name.String(), whole, value.MapIndex(name))
		into.SetMapIndex(name, whole)
	}
}

// mergeList adds the items that are not there yet. The first field of an item is its name: two
// items of one name must be equal. A plain item is its own name.
func (s source) mergeList(at string, into, value reflect.Value) {
	for i := range value.Len() {
		item, itemAt := value.Index(i), fmt.Sprintf("%s[%d]", at, i)
		twin := -1
		for j := range into.Len() {
			if nameOf(into.Index(j)).Equal(nameOf(item)) {
				twin = j
			}
		}
		switch {
		case twin < 0:
			s.Origins[fmt.Sprintf("%s[%d]", at, into.Len())] = s.place(itemAt)
			into.Set(reflect.Append(into, item))
		case !reflect.DeepEqual(into.Index(twin).Interface(), item.Interface()):
			what := fmt.Sprint("other settings for ", nameOf(item))
			s.disagree(itemAt, what, "these", s.Origins[fmt.Sprintf("%s[%d]", at, twin)])
		}
	}
}

func nameOf(item reflect.Value) reflect.Value {
	if item.Kind() == reflect.Struct {
		return item.Field(0)
	}
	return item
}

func (s source) disagree(at, here, there, before string) {
	p := s.document.Problem(s.path(at), fmt.Sprintf("%s here, but %s at %s", here, there, before), "say it once")
	s.problems = append(s.problems, p.Coded(v1alpha1.CodeConflict))
}

func (s source) place(at string) string {
	p := s.document.Problem(s.path(at), "", "")
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}
