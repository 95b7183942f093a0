package site

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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
	text, err := read.Show(true)
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
	plain, err := read.Show(false)
	require.NoError(t, err)
	assert.NotContains(t, string(plain), "#")
	again, err := Parse("shown.yaml", append([]byte("#cloud-config\n"), plain...))
	require.NoError(t, err, "what is shown is user-data")
	assert.Equal(t, read.Site.Registries, again.Site.Registries)
}

// Requirement: C7
func TestTheStarterIsRightAndShowsEveryKey(t *testing.T) {
	read, err := Parse("starter.yaml", Starter())
	require.NoError(t, err)
	assert.Empty(t, read.Warnings)
	assert.Equal(t, "registry.example/site/store:stable", read.Site.Assignment.Profile)
	for _, key := range v1alpha1.SiteKeys() {
		if key.State == v1alpha1.KeyEffective || key.State == v1alpha1.KeyPlanned {
			assert.Contains(t, string(Starter()), "\n# "+key.Path+"\n")
		}
	}
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
