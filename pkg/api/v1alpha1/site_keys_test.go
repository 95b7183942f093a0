package v1alpha1

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Requirement: U3
func TestEveryKeyIsDocumentedOnce(t *testing.T) {
	seen := map[string]int{}
	for _, key := range SiteKeys() {
		seen[key.Path]++
		assert.NotEmpty(t, key.Effect, key.Path)
		assert.NotEmpty(t, key.Since, key.Path)
		assert.Equal(t, key.State != KeyEffective, key.Note != "", "%s: a note for what a warning or an error says, and only for that", key.Path)
	}
	for _, path := range SitePaths() {
		assert.Equal(t, 1, seen[path.Path], "%s is documented %d times", path.Path, seen[path.Path])
		delete(seen, path.Path)
	}
	assert.Empty(t, seen, "documented, and not a key")
}

func TestKeyOf(t *testing.T) {
	for path, want := range map[string]string{
		"site.users[12].name":                              "site.users[].name",
		"site.network.interfaces.eth0.100.type":            "site.network.interfaces.*.type",
		"externalRegistries.registryMappingRules.a.b/c[0]": "externalRegistries.registryMappingRules.*",
		"logLevel": "logLevel",
	} {
		key, ok := KeyOf(path)
		require.True(t, ok, path)
		require.Equal(t, want, key.Path)
	}
	for _, path := range []string{"", "site", "site.network.interfaces..type", "site.tags", "site.tags."} {
		_, ok := KeyOf(path)
		require.False(t, ok, path)
	}
}
