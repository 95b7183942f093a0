package main

import (
	"os"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/stylet-edge/stylet/internal/content"
	"github.com/stylet-edge/stylet/internal/network/diagnose"
	"github.com/stylet-edge/stylet/internal/site"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// networkTargets are what the user-data names, and the arguments. A registry that the profile leads to
// anyway is not walked to twice.
func networkTargets(s v1alpha1.Site, configURL string, args []string) ([]diagnose.Target, error) {
	var targets []diagnose.Target
	add := func(t diagnose.Target, err error) error {
		if err == nil {
			targets = append(targets, t)
		}
		return err
	}
	if profile := s.Assignment.Profile; profile != "" {
		where := content.Mapped(profile, s.ExternalRegistries.MappingRules)
		if err := add(diagnose.ParseTarget(where, "assignment.profile")); err != nil {
			return nil, err
		}
	}
	for _, r := range s.Registries {
		t, err := diagnose.RegistryTarget(r.Host, "registries")
		known := slices.ContainsFunc(targets, func(k diagnose.Target) bool { return k.Host == t.Host && k.Port == t.Port })
		if err == nil && known {
			continue
		}
		if err := add(t, err); err != nil {
			return nil, err
		}
	}
	if configURL != "" {
		if err := add(diagnose.ParseTarget(configURL, site.SourceURL)); err != nil {
			return nil, err
		}
	}
	for _, arg := range args {
		if err := add(diagnose.ParseTarget(arg, "argument")); err != nil {
			return nil, err
		}
	}
	return targets, nil
}

// configURL finds Kairos' key in the user-data: the last file that has it counts, as for Kairos.
func configURL(files []string, root string) string {
	sources := site.HostSources(root)
	if len(files) > 0 {
		sources = nil
	}
	for _, path := range files {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			sources = append(sources, site.DirSource("user-data", path))
			continue
		}
		sources = append(sources, site.NamedSource("user-data", path))
	}
	found := ""
	for _, source := range sources {
		for _, file := range source.Files {
			var document struct {
				ConfigURL string `yaml:"config_url"`
			}
			// What is not YAML is none of ours: readSite has refused ours already.
			if yaml.Unmarshal(file.Data, &document) == nil && document.ConfigURL != "" {
				found = document.ConfigURL
			}
		}
	}
	return found
}
