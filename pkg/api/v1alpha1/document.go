package v1alpha1

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// MaxDocumentBytes bounds the files that people write: more is not configuration.
const MaxDocumentBytes = 1 << 20

// Document is a YAML file that remembers where each of its keys stands, so that a problem found
// long after parsing still names line and column.
type Document struct {
	file     string
	root     *yaml.Node
	nodes    map[string]*yaml.Node
	problems Problems
	slips    map[string][]string // by path of a mapping, the keys that were meant there
	texts    map[string]bool     // paths of plain scalars that were read as text, and are more to YAML
}

// ParseDocument reads exactly one YAML document whose top is a mapping. The name is what
// problems call the file.
func ParseDocument(name string, data []byte) (*Document, error) {
	doc := &Document{file: name, nodes: map[string]*yaml.Node{}, slips: map[string][]string{}, texts: map[string]bool{}}
	if len(data) > MaxDocumentBytes {
		return nil, Problems{{File: name, Code: CodeFile, What: fmt.Sprintf("the file has %d bytes, more than the %d allowed", len(data), MaxDocumentBytes)}}
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var top, second yaml.Node
	if err := decoder.Decode(&top); err != nil {
		return nil, Problems{syntaxProblem(name, err)}
	}
	switch err := decoder.Decode(&second); {
	case err == nil:
		return nil, Problems{{File: name, Line: second.Line, Column: second.Column, What: "a second document begins here", Remedy: "keep one document per file", Code: CodeSyntax}}
	case !errors.Is(err, io.EOF):
		return nil, Problems{syntaxProblem(name, err)}
	}
	doc.root = top.Content[0]
	doc.nodes[""] = doc.root
	if doc.root.Kind != yaml.MappingNode {
		return nil, Problems{doc.Problem("", "the file holds "+describeNode(doc.root)+" where keys and values are wanted", "").Coded(CodeType)}
	}
	return doc, nil
}

// Root gives the mapping at the top, as it was parsed; it is not to be changed.
func (d *Document) Root() *yaml.Node { return d.root }

// Has tells whether what was decoded has the key, with any value but null.
func (d *Document) Has(path string) bool {
	node := d.nodes[path]
	return node != nil && node.Tag != "!!null"
}

// Values gives the paths of the scalars below a path that were decoded, but for nulls, in the order
// of the file.
func (d *Document) Values(below string) []string {
	var paths []string
	for path, node := range d.nodes {
		if node.Kind == yaml.ScalarNode && d.Has(path) && strings.HasPrefix(path, below+".") {
			paths = append(paths, path)
		}
	}
	return d.inOrder(paths)
}

func (d *Document) inOrder(paths []string) []string {
	slices.SortFunc(paths, func(a, b string) int {
		one, two := d.nodes[a], d.nodes[b]
		return cmp.Or(cmp.Compare(one.Line, two.Line), cmp.Compare(one.Column, two.Column), cmp.Compare(a, b))
	})
	return paths
}

// Text gives the scalar at a path as it is written, "" if there is none.
func (d *Document) Text(path string) string {
	if node := d.nodes[path]; node != nil && node.Kind == yaml.ScalarNode {
		return node.Value
	}
	return ""
}

// IsText tells whether there is a scalar at a path.
func (d *Document) IsText(path string) bool {
	node := d.nodes[path]
	return node != nil && node.Kind == yaml.ScalarNode
}

// Unquoted gives the paths of texts that a program which reads the file as YAML's own types, and
// writes it again, would change: 01234 is a number to it. In the order of the file.
func (d *Document) Unquoted() []string {
	var paths []string
	for path := range d.texts {
		var value any
		node := d.nodes[path]
		if err := node.Decode(&value); err != nil {
			continue
		}
		if again, err := yaml.Marshal(value); err != nil || strings.TrimSpace(string(again)) != node.Value {
			paths = append(paths, path)
		}
	}
	return d.inOrder(paths)
}

// Keys gives the top-level keys in the order of the file.
func (d *Document) Keys() []string {
	var keys []string
	for i := 0; i+1 < len(d.root.Content); i += 2 {
		keys = append(keys, d.root.Content[i].Value)
	}
	return keys
}

// Problem makes a problem at the place of the key, or of the nearest key around it that exists.
func (d *Document) Problem(path, what, remedy string) Problem {
	p := Problem{File: d.file, Path: path, What: what, Remedy: remedy}
	for at := path; ; at = parentPath(at) {
		if node := d.nodes[at]; node != nil {
			p.Line, p.Column = node.Line, node.Column
			return p
		}
		if at == "" {
			return p
		}
	}
}

// Place gives each problem its file, line and column, and drops those that only follow from what
// decoding has complained about already.
func (d *Document) Place(found Problems) Problems {
	var placed Problems
	for _, p := range found {
		if !d.complainedAbout(p.Path) && !d.followsFromSlip(p.Path) {
			at := d.Problem(p.Path, p.What, p.Remedy)
			at.Code, at.Warning = p.Code, p.Warning
			placed = append(placed, at)
		}
	}
	return placed
}

// complainedAbout tells whether there is a problem with the key, or with one around it.
func (d *Document) complainedAbout(path string) bool {
	for at := path; at != ""; at = parentPath(at) {
		for _, p := range d.problems {
			if p.Path == at {
				return true
			}
		}
	}
	return false
}

// followsFromSlip tells whether the key is missing only because it was misspelt.
func (d *Document) followsFromSlip(path string) bool {
	parent := parentPath(path)
	for _, key := range d.slips[parent] {
		if joinPath(parent, key) == path && d.nodes[path] == nil {
			return true
		}
	}
	return false
}

// parentPath cuts the last key or index: "a.b[2]" gives "a.b", which gives "a", which gives "".
func parentPath(path string) string {
	if i := strings.LastIndexAny(path, ".["); i >= 0 {
		return path[:i]
	}
	return ""
}

var unknownAnchor = regexp.MustCompile(`unknown anchor '.*' referenced`)

var syntaxLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

func syntaxProblem(name string, err error) Problem {
	if errors.Is(err, io.EOF) {
		return Problem{File: name, What: "the file is empty", Code: CodeSyntax}
	}
	p := Problem{File: name, What: err.Error(), Code: CodeSyntax}
	if m := syntaxLine.FindStringSubmatch(strings.ReplaceAll(err.Error(), "\n", " ")); m != nil {
		p.Line, _ = strconv.Atoi(m[1])
		// An alias may be a password with a star before it.
		p.What = "not YAML: " + unknownAnchor.ReplaceAllString(m[2], "unknown anchor referenced: quote a text that begins with *")
	}
	return p
}

func describeNode(node *yaml.Node) string {
	switch node.Kind {
	case yaml.MappingNode:
		return "keys and values"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias (*)"
	case yaml.ScalarNode, yaml.DocumentNode:
	}
	if node.Tag == "!!null" {
		return "nothing"
	}
	return strconv.Quote(node.Value)
}
