package main

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strings"
)

const header = `# Requirements

<!-- Made by ` + "`make docs`" + ` from requirements.yaml and the Requirement lines in the code. Do not edit. -->

What stylet must do, where it is done, and which tests prove it. "Not yet" means that no test names the id.
`

func render(groups []group, marks []mark) ([]byte, error) {
	known := map[string]bool{}
	for _, g := range groups {
		for _, r := range g.Requirements {
			known[r.ID] = true
		}
	}
	places, proofs := map[string][]string{}, map[string][]string{}
	for _, m := range marks {
		if !known[m.ID] {
			return nil, fmt.Errorf("%s:%d: there is no requirement %s in %s", m.File, m.Line, m.ID, source)
		}
		if m.Proof {
			proofs[m.ID] = append(proofs[m.ID], proof(m))
		}
		// A package's own test stands beside what it proves; a lab phase does not.
		if !lab(m.File) {
			places[m.ID] = append(places[m.ID], "`"+path.Dir(m.File)+"`")
		}
	}

	out := bytes.NewBufferString(header)
	proven, all := 0, 0
	for _, g := range groups {
		fmt.Fprintf(out, "\n## %s\n\n| id | requirement | implemented in | proved by |\n|---|---|---|---|\n", g.Title)
		for _, r := range g.Requirements {
			all++
			if len(proofs[r.ID]) > 0 {
				proven++
			}
			fmt.Fprintf(out, "| %s | %s | %s | %s |\n", r.ID, strings.ReplaceAll(r.Text, "|", `\|`), cell(places[r.ID]), cell(proofs[r.ID]))
		}
	}
	fmt.Fprintf(out, "\n%d of %d requirements are named by a test.\n", proven, all)
	return out.Bytes(), nil
}

func proof(m mark) string {
	name := m.Name
	if name == "" {
		name = path.Base(m.File)
	}
	return fmt.Sprintf("[%s](../%s)", name, m.File)
}

func cell(entries []string) string {
	if len(entries) == 0 {
		return "not yet"
	}
	slices.Sort(entries)
	return strings.Join(slices.Compact(entries), "<br>")
}
