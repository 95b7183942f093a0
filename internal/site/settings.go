package site

import (
	"fmt"

	"go.yaml.in/yaml/v3"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// hostKeys are the keys of site: that act on the OS. A change of them is a change of the host's
// configuration, and tried like a revision; all others are the agent's, and need no trial.
func hostKeys() []string {
	return []string{"name", "hostName", "caCerts", "ntpServers", "users", "network"}
}

// installKeys are Kairos' keys that an installed host has no use for.
func installKeys() []string { return []string{"install", "config_url"} }

// Settings gives the digest of what a user-data document says of the host's OS: the site's
// properties and Kairos' own keys. It is "" for a document that says nothing of it. Two documents with
// the same digest need no trial between them.
func Settings(document []byte) (v1alpha1.Digest, error) {
	var top map[string]any
	if err := yaml.Unmarshal(document, &top); err != nil {
		return "", fmt.Errorf("reading the user-data: %w", err)
	}
	said := map[string]any{}
	for _, name := range []string{block, documented} {
		inner, _ := top[name].(map[string]any)
		place, _ := inner["site"].(map[string]any)
		for _, key := range hostKeys() {
			if value := place[key]; value != nil {
				said["site."+key] = value
			}
		}
		delete(top, name)
	}
	for _, key := range installKeys() {
		delete(top, key)
	}
	for key, value := range top {
		said["top."+key] = value
	}
	if len(said) == 0 {
		return "", nil
	}
	canonical, err := yaml.Marshal(said) // keys of maps are sorted
	if err != nil {
		return "", fmt.Errorf("reading the user-data: %w", err)
	}
	return v1alpha1.DigestOf(canonical), nil
}
