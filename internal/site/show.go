package site

import (
	"bytes"
	"fmt"
	"regexp"

	"go.yaml.in/yaml/v3"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Show writes what the user-data says as YAML below `stylet:`, secrets redacted; with all, the keys of
// Kairos behind it. With origin each value carries a comment that says where it stands.
func (r Reading) Show(origin, all bool) ([]byte, error) {
	var site yaml.Node
	if err := site.Encode(r.Site); err != nil {
		return nil, fmt.Errorf("writing the user-data: %w", err)
	}
	top := yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{{Kind: yaml.ScalarNode, Value: block}, &site}}
	if all && r.Kairos != nil {
		top.Content = append(top.Content, redacted(r.Kairos).Content...)
	}
	if origin {
		for i := 0; i < len(top.Content); i += 2 {
			r.annotate(top.Content[i+1], top.Content[i].Value)
		}
	}
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(&top); err != nil {
		return nil, fmt.Errorf("writing the user-data: %w", err)
	}
	return out.Bytes(), encoder.Close()
}

// secretKey is a key of Kairos' whose value may be secret: passwords, tokens and keys, and what is
// written into files. What a command says cannot be known.
var secretKey = regexp.MustCompile(`(?i)pass|token|secret|credential|private|^(auth|content|contents|config_url|network_token|key)$`)

// redacted gives a copy without secrets.
func redacted(node *yaml.Node) *yaml.Node {
	fresh := *node
	fresh.Content = make([]*yaml.Node, len(node.Content))
	for i, below := range node.Content {
		fresh.Content[i] = redacted(below)
		if node.Kind == yaml.MappingNode && i%2 == 1 && secretKey.MatchString(node.Content[i-1].Value) && below.Tag != "!!null" {
			fresh.Content[i] = &yaml.Node{Kind: yaml.ScalarNode, Value: v1alpha1.Redacted}
		}
	}
	return &fresh
}

// annotate puts origins behind values. The origin of a list's item is behind its first value.
func (r Reading) annotate(node *yaml.Node, at string) {
	switch node.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			r.annotate(node.Content[i+1], at+"."+node.Content[i].Value)
		}
	case yaml.SequenceNode:
		for i, item := range node.Content {
			itemAt := fmt.Sprintf("%s[%d]", at, i)
			r.annotate(item, itemAt)
			if item.Kind == yaml.MappingNode && len(item.Content) > 1 && item.Content[1].LineComment == "" {
				item.Content[1].LineComment = r.Origins[itemAt]
			}
		}
	case yaml.ScalarNode:
		node.LineComment = r.Origins[at]
	case yaml.AliasNode, yaml.DocumentNode:
	}
}
