package site

import (
	"fmt"
	"path"
	"slices"

	"go.yaml.in/yaml/v3"
)

// What becomes of steps with the same name, or none (yip v1.25.1, pkg/executor/default.go):
// genOpFromSchema names the nodes of a stage's graph FILE.STEP, and FILE.STEP.NUMBER for all steps
// of a file in which two have the same name or none. So within one file no step is lost. Between
// files FILE is the path, or for a file without the cloud-config header its key `name`; then
// uniqueNames makes the second "x" an "x.1", and by a slip the third one too, and herd's Graph.Add
// (dag.go) puts it in the place of the second: a step is swallowed without a word. Older releases
// of yip had no numbers at all. What the collector makes of several files is one file, in which the
// steps of all stand behind each other, and a step said twice acts twice.
//
// Here a step is known by its name: equal ones of two files are one, and two different ones are a
// problem for a person to solve, since code that ran yesterday must not go away because of a file
// that somebody else wrote. Steps without a name get one.

// nameSteps gives each step of a file that has no name one that says where it came from. It is the
// same whenever the file is read, so that a step which is read again is known again.
func nameSteps(top *value) {
	stages := top.get("stages")
	if stages == nil {
		return
	}
	for _, stage := range stages.entries {
		for i, step := range stage.value.items {
			if step.kind == yaml.MappingNode && step.text("name") == "" {
				step.unnamed = fmt.Sprintf("%s %s %d", path.Base(step.place.name), stage.key.Value, i+1)
			}
		}
	}
}

func (m *merger) addSteps(whole, b *value) {
	found := twins{}
	for _, step := range b.items {
		switch name := step.text("name"); {
		case found.take(whole, step, same):
		case step.kind != yaml.MappingNode:
			whole.items = append(whole.items, step)
		case name == "" && step.unnamed != "":
			if !found.take(whole, step, sameUnnamed) {
				whole.items = append(whole.items, named(step, freeName(whole, step.unnamed)))
			}
		default:
			if i := slices.IndexFunc(whole.items, func(known *value) bool {
				return known.place.file != step.place.file && known.text("name") == name
			}); i >= 0 {
				what := fmt.Sprintf("another step has the name %q at %s", name, whole.items[i].place)
				if !m.inForce(whole.items[i].place, step.place, what) {
					m.conflict(step.place, what, "give one of them another name, or make them equal: then they are one")
					continue
				}
			}
			whole.items = append(whole.items, step)
		}
	}
}

// sameUnnamed compares a step without a name with one that has none of its own either.
func sameUnnamed(known, step *value) bool {
	generated := known.unnamed != "" || known.text("name") == step.unnamed
	return generated && same(known.without("name"), step.without("name"))
}

func freeName(whole *value, wanted string) string {
	name := wanted
	for n := 2; slices.ContainsFunc(whole.items, func(known *value) bool { return known.text("name") == name }); n++ {
		name = fmt.Sprintf("%s (%d)", wanted, n)
	}
	return name
}

// named gives the step with a name in front.
func named(step *value, name string) *value {
	with := step.without("name")
	with.entries = slices.Insert(with.entries, 0, entry{textNode("name"), &value{kind: yaml.ScalarNode, scalar: textNode(name), place: step.place}})
	return with
}
