package site

import (
	"context"
	"errors"
	"maps"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Remedy of an error about user-data; the places are in the error itself.
const remedy = "correct the places named above; `stylet validate FILE` checks them on any machine"

// Reading is what the user-data says.
type Reading struct {
	Site v1alpha1.Site
	// Origins say where each value stands. Keys begin with "stylet." also for what stands below
	// `stylus:`; other keys are those of Kairos.
	Origins Origins
	// Warnings are problems that did not keep the user-data from being used.
	Warnings v1alpha1.Problems
	// Document is one cloud-config text, secrets included, that means the same to stylet and to
	// Kairos as all that was read: `stylus:` is folded into `stylet:`, config_url is gone if it was
	// followed, and every step has a name. The same input gives the same bytes. It is nil where
	// our blocks alone were read.
	Document []byte
	// Kairos is the mapping of the top-level keys of Document that are not ours, secrets included;
	// nil if there are none.
	Kairos *yaml.Node
}

// Origins say where the values of a Site stand: the key's path ("stylet.install.device",
// "stylet.registries[0]", "stages.boot[0].name") gives FILE:LINE:COLUMN.
type Origins map[string]string

// Ours gives those of our own keys.
func (o Origins) Ours() Origins {
	ours := maps.Clone(o)
	maps.DeleteFunc(ours, func(path, _ string) bool { return path != block && !strings.HasPrefix(path, block+".") })
	return ours
}

// Read reads sources, weakest first. With fetch it follows config_url, which is then the strongest;
// without, a warning says that it was not followed.
//
// The error is a *fault.Error. Of kind Input and code site.invalid, v1alpha1.Problems with all that
// is wrong is on its chain; of code site.config-url, what config_url names could not be had. The
// Reading holds nothing but warnings then.
func Read(ctx context.Context, sources []Source, fetch Fetch) (Reading, error) {
	r := reader{merger: merger{}}
	for _, source := range sources {
		r.add(source)
	}
	if err := r.follow(ctx, fetch); err != nil {
		return Reading{Warnings: r.problems.Warnings()}, err
	}
	return r.result()
}

// reader reads files into a merger.
type reader struct {
	merger
	files      []file
	inputs     int
	blocksOnly bool // the keys of Kairos are left alone
}

// settled is a Reading that is being brought into the form in which it is used.
type settled struct {
	Reading
	written  map[string]*value // by path: where it stands, and what it is called there
	problems v1alpha1.Problems
}

func (r *reader) add(source Source) {
	r.sources = append(r.sources, source.Name)
	for _, from := range source.Files {
		r.inputs++
		switch {
		case from.Err != nil:
			r.problems = append(r.problems, unreadable(from.Name, from.Err))
		case from.Shared && !concernsUs(from.Data):
			r.problems = append(r.problems, r.passedOver(from)...)
		default:
			r.addFile(from)
		}
	}
}

func (r *reader) addFile(from SourceFile) {
	f := parse(from.Name, from.Data)
	r.files = append(r.files, f)
	r.problems = append(r.problems, f.problems...)
	if f.document == nil || len(f.problems.Errors()) > 0 {
		return
	}
	at := place{source: len(r.sources) - 1, file: len(r.files), name: from.Name}
	top := r.ours(f.document.Root(), at)
	if !r.blocksOnly {
		others, found := r.others(f.document.Root(), at)
		// What Kairos cannot read on COS_OEM either must not stop the host.
		if from.Shared && r.sources[at.source] == SourceOEM && len(found) > 0 {
			for i := range found {
				found[i].Warning = true
			}
			others = nil
		}
		r.problems = append(r.problems, found...)
		if others != nil {
			top.entries = append(top.entries, others.entries...)
		}
	}
	r.top = r.join(key{}, r.top, top)
}

// ours gives our block as a tree in which `stylus:` is part of `stylet:`.
func (r *reader) ours(root *yaml.Node, at place) *value {
	loader := newLoader(at)
	whole := &value{kind: yaml.MappingNode, place: loader.place(root, "")}
	ours := key{}.below(block)
	for _, name := range []string{block, documented} {
		for i := 0; i+1 < len(root.Content); i += 2 {
			if root.Content[i].Value != name {
				continue
			}
			if loaded := loader.load(root.Content[i+1], name); loaded != nil && !loaded.isNull() {
				whole.set(textNode(block), r.join(ours, whole.get(block), normal(loaded, ours.shape)))
			}
		}
	}
	r.problems = append(r.problems, loader.problems...)
	return whole
}

// others gives the keys of Kairos, every step with a name.
func (r *reader) others(root *yaml.Node, at place) (*value, v1alpha1.Problems) {
	loader := newLoader(at)
	rest := *root
	rest.Content = nil
	for i := 0; i+1 < len(root.Content); i += 2 {
		if name := root.Content[i].Value; name != block && name != documented {
			rest.Content = append(rest.Content, root.Content[i], root.Content[i+1])
		}
	}
	whole := loader.load(&rest, "")
	for _, name := range []string{block, documented} {
		if brought := whole.get(name); brought != nil {
			loader.problems = append(loader.problems, brought.place.problem("an alias (*) at the top brings this block", "write it out", v1alpha1.CodeType))
			whole = whole.without(name)
		}
	}
	nameSteps(whole)
	return whole, loader.problems
}

// result gives what was merged, or, after any problem, nothing but the problems.
func (r *reader) result() (Reading, error) {
	var s settled
	switch {
	case len(r.problems.Errors()) == 0:
		s = r.whole()
	case len(r.files) == 1 && r.inputs == 1:
		r.problems = append(r.problems, r.files[0].relations()...)
	}
	problems := slices.Concat(r.problems, s.problems)
	if err := problems.Err(); err != nil {
		return Reading{Warnings: problems.Warnings()}, fault.Wrap(err, fault.Input, "site.invalid", remedy, "reading the user-data")
	}
	s.Warnings = problems.Warnings()
	return s.Reading, nil
}

// unreadable drops the path that os errors repeat.
func unreadable(path string, err error) v1alpha1.Problem {
	var pathError *os.PathError
	if errors.As(err, &pathError) {
		err = pathError.Err
	}
	return v1alpha1.Problem{File: path, What: "cannot be read: " + err.Error(), Code: v1alpha1.CodeFile}
}
