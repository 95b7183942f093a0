package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"go.yaml.in/yaml/v3"
)

// group is one section of the table, in the file's order.
type group struct {
	Title        string
	Requirements []requirement
}

type requirement struct{ ID, Text string }

// UnmarshalYAML keeps the order of the ids, which a map would lose.
func (g *group) UnmarshalYAML(node *yaml.Node) error {
	var raw struct {
		Title        string    `yaml:"title"`
		Requirements yaml.Node `yaml:"requirements"`
	}
	if err := node.Decode(&raw); err != nil {
		return err
	}
	g.Title = raw.Title
	pairs := raw.Requirements.Content
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1].Value == "" {
			return fmt.Errorf("line %d: %s has no text", pairs[i].Line, pairs[i].Value)
		}
		g.Requirements = append(g.Requirements, requirement{pairs[i].Value, pairs[i+1].Value})
	}
	return nil
}

func readGroups(path string) ([]group, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var groups []group
	if err := yaml.NewDecoder(bytes.NewReader(data)).Decode(&groups); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	seen := map[string]bool{}
	for _, g := range groups {
		for _, r := range g.Requirements {
			if seen[r.ID] {
				return nil, fmt.Errorf("%s: the id %s is there twice", path, r.ID)
			}
			seen[r.ID] = true
		}
	}
	if len(seen) == 0 {
		return nil, errors.New(path + " holds no requirement")
	}
	return groups, nil
}
