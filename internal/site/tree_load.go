package site

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// maxValues bounds what the aliases of one file may unfold to. Keys are looked up one by one, here and
// in yaml: more would take minutes.
const maxValues = 20_000

// loader makes values of what yaml parsed: aliases and merge keys (<<) written out, since they mean
// nothing outside their file.
type loader struct {
	at       place // source, file and name
	left     int
	inside   map[*yaml.Node]bool // anchors around the current node
	problems v1alpha1.Problems
}

func newLoader(at place) *loader {
	return &loader{at: at, left: maxValues, inside: map[*yaml.Node]bool{}}
}

func (l *loader) place(node *yaml.Node, path string) place {
	p := l.at
	p.line, p.column, p.path = node.Line, node.Column, path
	return p
}

func (l *loader) complain(node *yaml.Node, path, what, remedy, code string) {
	l.problems = append(l.problems, l.place(node, path).problem(what, remedy, code))
}

// load gives nil, and a problem, for what cannot be written out.
func (l *loader) load(node *yaml.Node, path string) *value {
	if l.left--; l.left < 0 {
		if l.left == -1 {
			l.complain(node, path, fmt.Sprintf("the file unfolds to more than %d values", maxValues), "use fewer aliases (*)", v1alpha1.CodeFile)
		}
		return nil
	}
	v := &value{kind: node.Kind, place: l.place(node, path)}
	switch node.Kind {
	case yaml.AliasNode:
		if l.inside[node.Alias] {
			l.complain(node, path, "an alias (*) stands inside of what it means", "write the value out", v1alpha1.CodeType)
			return nil
		}
		return l.load(node.Alias, path)
	case yaml.MappingNode:
		l.inside[node] = true
		l.mapping(v, node, path)
		delete(l.inside, node)
	case yaml.SequenceNode:
		l.inside[node] = true
		for i, item := range node.Content {
			if loaded := l.load(item, fmt.Sprintf("%s[%d]", path, i)); loaded != nil {
				v.items = append(v.items, loaded)
			}
		}
		delete(l.inside, node)
	default:
		v.scalar = plain(node)
	}
	return v
}

func (l *loader) mapping(into *value, node *yaml.Node, path string) {
	var merged []*yaml.Node
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, below := node.Content[i], node.Content[i+1]
		if key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		at := strings.TrimPrefix(path+"."+key.Value, ".")
		switch {
		case key.Kind != yaml.ScalarNode:
			l.complain(key, path, "a list or a mapping stands where a key is wanted", "", v1alpha1.CodeType)
		case key.Tag == "!!merge":
			merged = append(merged, below)
		case into.get(key.Value) != nil:
			l.complain(key, at, fmt.Sprintf("the key stands on line %d already", into.get(key.Value).place.line), "keep one of the two", v1alpha1.CodeRepeatedKey)
		default:
			if loaded := l.load(below, at); loaded != nil {
				into.entries = append(into.entries, entry{plain(key), loaded})
			}
		}
	}
	for _, below := range merged {
		l.mergeKey(into, below, path)
	}
}

// mergeKey adds what << brings: a mapping, or a list of them of which the first wins. What stands in
// the mapping itself wins over all of them.
func (l *loader) mergeKey(into *value, node *yaml.Node, path string) {
	from := l.load(node, path)
	if from == nil {
		return
	}
	several := []*value{from}
	if from.kind == yaml.SequenceNode {
		several = from.items
	}
	for _, one := range several {
		if one.kind != yaml.MappingNode {
			l.complain(node, path, "<< wants keys and values", "", v1alpha1.CodeType)
			return
		}
		for _, e := range one.entries {
			if into.get(e.key.Value) == nil {
				into.entries = append(into.entries, e)
			}
		}
	}
}

// roundTrip is the style in which yaml writes a text so that it reads the same again. Its block
// styles lose leading and trailing white space of some texts, and some control characters.
func roundTrip(scalar *yaml.Node) yaml.Style {
	text := scalar.Value
	switch {
	case scalar.Tag != "!!str":
		return scalar.Style & yaml.TaggedStyle
	case !strings.Contains(text, "\n"):
		return scalar.Style & (yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle)
	case strings.HasPrefix(text, " "), strings.HasPrefix(text, "\n"), strings.Contains(text, " \n"), strings.HasSuffix(text, " "), strings.ContainsAny(text, "\t\r\u0085\u2028\u2029\ufeff"):
		return yaml.DoubleQuotedStyle
	}
	return yaml.LiteralStyle
}
