package v1alpha1

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Decode fills the struct that into points to from the value of the top-level key, or from the
// whole file for the key "". It goes on after a problem, so that all of them are found: keys
// that the struct does not have (with the nearest one that it has), keys given twice, values of
// the wrong type. Fields are named by their yaml tags. Aliases are refused: a file that is read
// at a site says what it means where it means it.
//
// yaml's own strict mode is not used, since it knows no columns and does not reach through a node.
func (d *Document) Decode(key string, into any) Problems {
	before := len(d.problems)
	target := reflect.ValueOf(into).Elem()
	if key == "" {
		d.decode(d.root, target, "")
		return d.problems[before:]
	}
	for i := 0; i+1 < len(d.root.Content); i += 2 {
		if name := d.root.Content[i]; name.Value == key {
			d.decode(d.root.Content[i+1], target, key)
		}
	}
	return d.problems[before:]
}

func (d *Document) complain(node *yaml.Node, code, path, what, remedy string) {
	d.problems = append(d.problems, Problem{File: d.file, Line: node.Line, Column: node.Column, Path: path, What: what, Remedy: remedy, Code: code})
}

func (d *Document) decode(node *yaml.Node, out reflect.Value, path string) {
	d.nodes[path] = node
	if node.Kind == yaml.AliasNode {
		d.complain(node, CodeType, path, describeNode(node)+" is not allowed here", "write the value out")
		return
	}
	if strings.HasPrefix(node.Tag, "!") && !strings.HasPrefix(node.Tag, "!!") {
		d.complain(node, CodeType, path, "a tag (!) is not allowed here", "quote a text that begins with !")
		return
	}
	if node.Kind == yaml.ScalarNode && node.Tag == "!!null" {
		return
	}
	if out.Kind() == reflect.Pointer {
		fresh := reflect.New(out.Type().Elem())
		d.decode(node, fresh.Elem(), path)
		out.Set(fresh)
		return
	}
	_, isText := out.Addr().Interface().(encoding.TextUnmarshaler)
	switch {
	case isText:
		d.decodeScalar(node, out, path)
	case out.Kind() == reflect.Struct:
		d.decodeStruct(node, out, path)
	case out.Kind() == reflect.Slice:
		d.decodeList(node, out, path)
	case out.Kind() == reflect.Map:
		d.decodeMap(node, out, path)
	default:
		d.decodeScalar(node, out, path)
	}
}

func (d *Document) decodeStruct(node *yaml.Node, out reflect.Value, path string) {
	if node.Kind != yaml.MappingNode {
		d.complain(node, CodeType, path, describeShape(node)+" where keys and values are wanted", "")
		return
	}
	fields, names := structFields(out.Type())
	seen := map[string]int{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		at := joinPath(path, key.Value)
		index, known := fields[key.Value]
		switch {
		case key.Kind != yaml.ScalarNode:
			d.complain(key, CodeType, path, describeNode(key)+" where a key is wanted", "")
		case !known:
			d.complain(key, CodeUnknownKey, at, fmt.Sprintf("there is no key %q here", key.Value), nearest(key.Value, names))
			if key := meant(key.Value, names); key != "" {
				d.slips[path] = append(d.slips[path], key)
			}
		case seen[key.Value] > 0:
			d.complain(key, CodeRepeatedKey, at, fmt.Sprintf("the key stands on line %d already", seen[key.Value]), "keep one of the two")
		default:
			seen[key.Value] = key.Line
			d.decode(value, out.FieldByIndex(index), at)
		}
	}
}

// maxItems bounds a list: what people write by hand is shorter.
const maxItems = 1000

// describeShape says what stands where something else was wanted, without its text: it may be a
// password in the wrong place.
func describeShape(node *yaml.Node) string {
	if node.Kind == yaml.ScalarNode && node.Tag != "!!null" {
		return "text"
	}
	return describeNode(node)
}

// decodeMap reads keys that are names of the site's own.
func (d *Document) decodeMap(node *yaml.Node, out reflect.Value, path string) {
	if node.Kind != yaml.MappingNode {
		d.complain(node, CodeType, path, describeShape(node)+" where keys and values are wanted", "")
		return
	}
	out.Set(reflect.MakeMap(out.Type()))
	lines := map[string]int{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		at := joinPath(path, key.Value)
		switch {
		case key.Kind != yaml.ScalarNode || key.Tag == "!!null":
			d.complain(key, CodeType, path, describeNode(key)+" where a key is wanted", "")
		case lines[key.Value] > 0:
			d.complain(key, CodeRepeatedKey, at, fmt.Sprintf("the key stands on line %d already", lines[key.Value]), "keep one of the two")
		default:
			lines[key.Value] = key.Line
			fresh := reflect.New(out.Type().Elem()).Elem()
			d.decode(value, fresh, at)
			out.SetMapIndex(reflect.ValueOf(key.Value), fresh)
		}
	}
}

func (d *Document) decodeList(node *yaml.Node, out reflect.Value, path string) {
	if list, ok := out.Addr().Interface().(*TextList); ok && node.Kind == yaml.ScalarNode {
		*list = TextListOf(node.Value)
		if len(*list) > maxItems {
			d.complain(node, CodeValue, path, fmt.Sprintf("the list has more than the %d items allowed", maxItems), "")
			*list = nil
		}
		return
	}
	if node.Kind != yaml.SequenceNode {
		d.complain(node, CodeType, path, describeShape(node)+" where a list is wanted", "begin each item with \"- \"")
		return
	}
	if len(node.Content) > maxItems {
		d.complain(node, CodeValue, path, fmt.Sprintf("the list has more than the %d items allowed", maxItems), "")
		return
	}
	list := reflect.MakeSlice(out.Type(), len(node.Content), len(node.Content))
	for i, item := range node.Content {
		if item.Kind == yaml.ScalarNode && item.Tag == "!!null" {
			d.complain(item, CodeType, path, "an item of the list is empty", "fill it in, or take it out")
		}
		d.decode(item, list.Index(i), fmt.Sprintf("%s[%d]", path, i))
	}
	out.Set(list)
}

// decodeScalar reads one value. Text takes a plain scalar as it is written: 1.30 stays "1.30".
func (d *Document) decodeScalar(node *yaml.Node, out reflect.Value, path string) {
	if node.Kind != yaml.ScalarNode {
		d.complain(node, CodeType, path, describeNode(node)+" where "+describeType(out.Type())+" is wanted", "")
		return
	}
	if out.Kind() == reflect.String && node.Style == 0 && node.Tag != "!!str" {
		d.texts[path] = true
	}
	if text, ok := out.Addr().Interface().(encoding.TextUnmarshaler); ok {
		if err := text.UnmarshalText([]byte(node.Value)); err != nil {
			d.complain(node, CodeValue, path, err.Error(), "")
		}
		return
	}
	fresh := reflect.New(out.Type())
	// yaml takes 5080.7 and 1e3 for whole numbers, and cuts what is behind the point.
	whole := out.Kind() != reflect.Int && out.Kind() != reflect.Int64 || node.Tag == "!!int"
	if err := node.Decode(fresh.Interface()); err != nil || !whole {
		d.complain(node, CodeType, path, describeNode(node)+" where "+describeType(out.Type())+" is wanted", "")
		return
	}
	out.Set(fresh.Elem())
}

// structFields maps the yaml names of a struct's fields to their indices, those of inlined structs
// included; names keeps the order.
func structFields(t reflect.Type) (fields map[string][]int, names []string) {
	fields = map[string][]int{}
	for _, field := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		if name != "" && name != "-" && options != "inline" && directly(t, field) {
			fields[name] = field.Index
			names = append(names, name)
		}
	}
	return fields, names
}

// directly tells whether all that is around the field is inlined.
func directly(t reflect.Type, field reflect.StructField) bool {
	for i := 1; i < len(field.Index); i++ {
		if _, options, _ := strings.Cut(t.FieldByIndex(field.Index[:i]).Tag.Get("yaml"), ","); options != "inline" {
			return false
		}
	}
	return true
}

func describeType(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		return "a whole number"
	default:
		return "text"
	}
}

func joinPath(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
