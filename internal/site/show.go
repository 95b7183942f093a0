package site

import (
	"bytes"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// Show writes what the user-data says as YAML below `stylet:`, secrets redacted. With origin each
// value carries a comment that says where it stands.
func (r Reading) Show(origin bool) ([]byte, error) {
	var site yaml.Node
	if err := site.Encode(r.Site); err != nil {
		return nil, fmt.Errorf("writing the user-data: %w", err)
	}
	if origin {
		r.annotate(&site, block)
	}
	top := yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{{Kind: yaml.ScalarNode, Value: block}, &site}}
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(&top); err != nil {
		return nil, fmt.Errorf("writing the user-data: %w", err)
	}
	return out.Bytes(), encoder.Close()
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
