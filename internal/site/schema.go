package site

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// object is a part of a JSON schema.
type object map[string]any

// Schema is the JSON schema (draft 2020-12) of user-data, for editors: names, types and
// descriptions. `stylet validate` checks more.
func Schema() ([]byte, error) {
	properties := object{}
	for _, name := range []string{block, documented} {
		top := mapping()
		types := map[string]string{}
		for _, p := range v1alpha1.SitePaths() {
			types[p.Path] = p.Type
		}
		for _, key := range v1alpha1.SiteKeys() {
			if name == block || !key.Ours {
				insert(top, strings.Split(strings.ReplaceAll(key.Path, "[]", ".[]"), "."), leaf(key, types[key.Path]))
			}
		}
		properties[name] = top
	}
	schema := object{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"title":   "User-data of a host that stylet manages",
		"type":    "object", "properties": properties,
	}
	text, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the schema: %w", err)
	}
	return append(text, '\n'), nil
}

func mapping() object {
	return object{"type": []string{"object", "null"}, "properties": object{}, "additionalProperties": false}
}

func leaf(key v1alpha1.SiteKey, kind string) object {
	forms := map[string]object{
		"true or false":  {"type": []string{"boolean", "null"}},
		"a whole number": {"type": []string{"integer", "null"}},
		"list, or text":  {"type": []string{"array", "string", "null"}, "items": object{"type": "string"}},
	}
	o := object{"type": []string{"string", "number", "boolean", "null"}} // YAML reads 1.30 as a number
	if form, ok := forms[kind]; ok {
		o = form
	}
	o["description"] = describeKey(key)
	if key.State == v1alpha1.KeyDeprecated || key.State == v1alpha1.KeyIgnored {
		o["deprecated"] = true
	}
	return o
}

func describeKey(key v1alpha1.SiteKey) string {
	text := key.Effect
	if key.Default != "" {
		text += ". Default: " + key.Default
	}
	if key.Note != "" {
		text += ". " + strings.ToUpper(key.Note[:1]) + key.Note[1:]
	}
	return text + "."
}

// insert puts a leaf where its path leads, and makes what is on the way.
func insert(at object, path []string, what object) {
	name := path[0]
	next := mapping()
	switch {
	case len(path) == 1:
		next = what
	case path[1] == "[]":
		next = object{"type": []string{"array", "null"}}
	case path[1] == "*":
		next = object{"type": []string{"object", "null"}}
	}
	switch name {
	case "[]":
		at["items"] = keep(at["items"], next)
		next, _ = at["items"].(object)
	case "*":
		at["additionalProperties"] = keep(at["additionalProperties"], next)
		next, _ = at["additionalProperties"].(object)
	default:
		properties, _ := at["properties"].(object)
		properties[name] = keep(properties[name], next)
		next, _ = properties[name].(object)
	}
	if len(path) > 1 {
		insert(next, path[1:], what)
	}
}

func keep(before any, fresh object) any {
	if before != nil {
		return before
	}
	return fresh
}
