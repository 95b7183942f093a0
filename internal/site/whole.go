package site

import (
	"bytes"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// whole makes the Reading of what was merged. Nothing of it is used if problems come of it.
func (r *reader) whole() settled {
	s := settled{written: map[string]*value{}}
	top := r.top
	if top == nil {
		top = &value{kind: yaml.MappingNode}
	}
	ours := &value{kind: yaml.MappingNode}
	if found := top.get(block); found != nil {
		ours.set(textNode(block), found)
	}
	if r.top != nil {
		s.Origins = Origins{}
		s.trace(top, "", false)
	}
	s.decode(ours)
	if !r.blocksOnly {
		s.misplaced(r, ours, top)
		s.Document = s.encode(documentOf(ours, top))
		if others := top.without(block); len(others.entries) > 0 {
			s.Kairos = others.node()
		}
	}
	if len(s.problems.Errors()) == 0 {
		s.settle()
	}
	return s
}

// misplaced finds keys of ours at the top of a file without our block: beside the block of another
// file they are as wrong as beside their own.
func (s *settled) misplaced(r *reader, ours, top *value) {
	for _, e := range top.entries {
		inForce := len(r.sources) > 0 && r.sources[e.value.place.source] == SourceOEM // the warning about its file is enough
		if len(ours.entries) > 0 && belongsBelow(e.key.Value) && !inForce {
			s.problems = append(s.problems, e.value.place.problem(misplaced(e.key.Value), putBelow, v1alpha1.CodeMisplaced))
		}
	}
}

// documentOf gives the tree of the document: our block first.
func documentOf(ours, top *value) *value {
	whole := &value{kind: yaml.MappingNode}
	whole.entries = append(whole.entries, ours.entries...)
	whole.entries = append(whole.entries, top.without(block).entries...)
	return whole
}

// encode writes a tree as cloud-config.
func (s *settled) encode(tree *value) []byte {
	var out bytes.Buffer
	out.WriteString(header + "\n")
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	err := encoder.Encode(tree.node())
	if err == nil {
		err = encoder.Close()
	}
	if err == nil && out.Len() > v1alpha1.MaxDocumentBytes {
		err = fmt.Errorf("all files together have more than the %d bytes allowed", v1alpha1.MaxDocumentBytes)
	}
	if err != nil {
		s.problems = append(s.problems, v1alpha1.Problem{What: err.Error(), Code: v1alpha1.CodeFile, Remedy: "user-data is configuration: fetch large things by reference"})
	}
	return out.Bytes()
}

// decode reads our block out of the whole, and checks what only shows there.
func (s *settled) decode(ours *value) {
	document, err := v1alpha1.ParseDocument("user-data", s.encode(ours))
	if err != nil {
		s.problems = append(s.problems, asProblems("user-data", err)...)
		return
	}
	found := document.Decode(block, &s.Site)
	found = append(found, document.Place(relate(part{block, s.Site}, document))...)
	for _, p := range found {
		s.problems = append(s.problems, s.placed(p))
	}
}

// placed gives a problem of the whole the place and the name of the key where it stands, or of the
// nearest key around it.
func (s *settled) placed(p v1alpha1.Problem) v1alpha1.Problem {
	for at := p.Path; at != ""; {
		if v := s.written[at]; v != nil {
			p.Path = v.place.path + strings.TrimPrefix(p.Path, at)
			return p.At(v.place.String())
		}
		i := strings.LastIndexAny(at, ".[")
		if i < 0 {
			break
		}
		at = at[:i]
	}
	return p
}

// trace notes where each value stands. What is inside an item of a list of ours has the item's place.
func (s *settled) trace(v *value, path string, inside bool) {
	s.written[path] = v
	ours := path == block || strings.HasPrefix(path, block+".")
	switch v.kind {
	case yaml.MappingNode:
		for _, e := range v.entries {
			s.trace(e.value, strings.TrimPrefix(path+"."+e.key.Value, "."), inside)
		}
	case yaml.SequenceNode:
		for i, item := range v.items {
			at := fmt.Sprintf("%s[%d]", path, i)
			s.trace(item, at, ours)
			if ours && !inside {
				s.Origins[at] = item.place.String()
			}
		}
	default:
		if !inside && (!ours || !v.isNull()) {
			s.Origins[path] = v.place.String()
		}
	}
}
