package site

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

func TestShowSaysWhereEachValueStands(t *testing.T) {
	read, err := Parse("u.yaml", []byte(`#cloud-config
stylet:
  registries:
    - {host: a.example, plainHTTP: true}
stylus:
  installationMode: airgap
  site:
    edgeHostToken: hunter2
    projectName: stores
    tags: {zip: "01234"}
    ntpServers: a.example, b.example
`))
	require.NoError(t, err)
	text, err := read.Show(true, false)
	require.NoError(t, err)
	assert.Equal(t, `stylet:
  registries:
    - host: a.example # u.yaml:4:7
      plainHTTP: true
  managementMode: local # u.yaml:6:21
  site:
    edgeHostToken: (redacted) # u.yaml:8:20
    projectName: stores # u.yaml:9:18
    ntpServers:
      - a.example # u.yaml:11:17
      - b.example # u.yaml:11:17
    tags:
      zip: "01234" # u.yaml:10:17
`, string(text))
	plain, err := read.Show(false, true)
	require.NoError(t, err)
	assert.NotContains(t, string(plain), "#")
	again, err := Parse("shown.yaml", append([]byte("#cloud-config\n"), plain...))
	require.NoError(t, err, "what is shown is user-data")
	assert.Equal(t, read.Site.Registries, again.Site.Registries)
}

// Kairos' keys can be shown too, where they stand, and without what is secret in them.
//
// Requirement: C7
func TestShowAll(t *testing.T) {
	read, err := Parse("u.yaml", []byte("#cloud-config\nusers: [{name: a, passwd: hunter2, groups: [admin]}]\np2p: {network_token: hunter2}\nwrite_files: [{path: /a, content: hunter2}]\nstylet: {logLevel: debug}\n"))
	require.NoError(t, err)
	text, err := read.Show(true, true)
	require.NoError(t, err)
	assert.Equal(t, `stylet:
  logLevel: debug # u.yaml:5:20
users:
  - name: a # u.yaml:2:16
    passwd: (redacted) # u.yaml:2:27
    groups:
      - admin # u.yaml:2:45
p2p:
  network_token: (redacted) # u.yaml:3:22
write_files:
  - path: /a # u.yaml:4:22
    content: (redacted) # u.yaml:4:35
`, string(text))
	assert.Contains(t, string(read.Document), "hunter2", "what is shown is a copy")
}

// Requirement: C7
func TestTheStarterIsRightAndShowsEveryKey(t *testing.T) {
	read, err := Parse("starter.yaml", Starter())
	require.NoError(t, err)
	assert.Empty(t, read.Warnings)
	assert.Equal(t, v1alpha1.Site{Assignment: v1alpha1.Assignment{Profile: "registry.example/site/store:stable"}}, read.Site)

	// Without the # it is YAML with every key in its place, and right too.
	lines := strings.SplitAfter(string(Starter()), "\n")
	for i, line := range lines[1:] {
		lines[i+1] = strings.TrimPrefix(line, "#")
	}
	whole := strings.Join(lines, "")
	_, err = Parse("starter.yaml", []byte(whole))
	require.NoError(t, err, whole)
	var data map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(whole), &data))
	for _, key := range v1alpha1.SiteKeys() {
		if key.State == v1alpha1.KeyEffective || key.State == v1alpha1.KeyPlanned {
			assert.True(t, hasKey(data[block], strings.Split(strings.ReplaceAll(key.Path, "[]", ".[]"), ".")), key.Path)
			assert.Contains(t, whole, strings.Fields(key.Effect)[0])
		}
	}
	require.Contains(t, data, "users")
}

// hasKey follows a path through what YAML read. A list may be empty.
func hasKey(at any, path []string) bool {
	if len(path) == 0 {
		return true
	}
	switch at := at.(type) {
	case []any:
		return path[0] == "[]" && (len(path) == 1 || len(at) > 0 && hasKey(at[0], path[1:]))
	case map[string]any:
		if path[0] == "*" {
			for _, below := range at {
				return hasKey(below, path[1:])
			}
			return false
		}
		below, ok := at[path[0]]
		return ok && hasKey(below, path[1:])
	}
	return false
}

func TestTheSchemaHasEveryKey(t *testing.T) {
	text, err := Schema()
	require.NoError(t, err)
	var schema struct{ Properties map[string]map[string]any }
	require.NoError(t, json.Unmarshal(text, &schema))
	for _, path := range v1alpha1.SitePaths() {
		require.NotNil(t, find(schema.Properties[block], path.Path), path.Path)
	}
	require.Nil(t, find(schema.Properties[documented], "assignment.profile"))
	require.NotNil(t, find(schema.Properties[documented], "site.network.interfaces.*.gateway"))
}

// find walks a schema along a path.
func find(at map[string]any, path string) map[string]any {
	for name := range strings.SplitSeq(strings.ReplaceAll(path, "[]", ".[]"), ".") {
		if at == nil {
			return nil
		}
		var next any
		switch name {
		case "[]":
			next = at["items"]
		case "*":
			next = at["additionalProperties"]
		default:
			properties, _ := at["properties"].(map[string]any)
			next = properties[name]
		}
		at, _ = next.(map[string]any)
	}
	return at
}
