package v1alpha1

import (
	"encoding"
	"reflect"
	"regexp"
	"strings"
)

// SitePath is a key of the user-data as the Site type has it.
type SitePath struct {
	Path string // as in SiteKey
	Type string // in words: text, true or false, a whole number, duration, size, secret, list
}

// SitePaths lists the keys that hold a value, by walking the Site type.
func SitePaths() []SitePath { return pathsOf(reflect.TypeFor[Site](), "") }

func pathsOf(t reflect.Type, at string) []SitePath {
	switch {
	case t == reflect.TypeFor[TextList]():
		return []SitePath{{at, "list, or text"}}
	case reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		return []SitePath{{at, strings.ToLower(t.Name())}}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return pathsOf(t.Elem(), at)
	case reflect.Struct:
		var paths []SitePath
		fields, names := structFields(t)
		for _, name := range names {
			paths = append(paths, pathsOf(t.FieldByIndex(fields[name]).Type, joinPath(at, name))...)
		}
		return paths
	case reflect.Slice:
		return pathsOf(t.Elem(), at+"[]")
	case reflect.Map:
		return pathsOf(t.Elem(), at+".*")
	default:
		return []SitePath{{at, describeType(t)}}
	}
}

var itemNumber = regexp.MustCompile(`\[\d+\]`)

// KeyOf gives the documentation of a key as it stands in a file ("site.users[2].name"), false if
// there is none, as for a key that is not a value's.
func KeyOf(path string) (SiteKey, bool) {
	path = itemNumber.ReplaceAllString(path, "[]")
	whole := strings.TrimSuffix(path, "[]") // an item of a TextList
	for _, key := range SiteKeys() {
		if key.Path == path || key.Path == whole || matchesNames(key.Path, path) || matchesNames(key.Path, whole) {
			return key, true
		}
	}
	return SiteKey{}, false
}

// matchesNames compares with a path that has a name of the site's own at its star. The name may
// itself have dots in it.
func matchesNames(pattern, path string) bool {
	before, after, ok := strings.Cut(pattern, "*")
	return ok && len(path) > len(before)+len(after) && strings.HasPrefix(path, before) && strings.HasSuffix(path, after)
}
