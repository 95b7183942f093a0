package kairos

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// siteKeys are the blocks of the user-data that are ours to read, and that must not be lost on the way.
func siteKeys() []string { return []string{v1alpha1.SiteBlock, v1alpha1.DocumentedBlock} }

// userDataMode keeps tokens and passwords from the host's other users.
const userDataMode = 0o600

// agentDirs are the directories that kairos-agent merges by itself (kairos-agent:
// pkg/constants GetUserConfigDirs, by --use-default-dirs).
func agentDirs() []string {
	return []string{"/run/initramfs/live/", "/etc/kairos/", "/usr/local/cloud-config/", "/oem/"}
}

// deliverUserData makes sure that COS_OEM has what the files say. kairos-agent writes what it merged
// as 90_custom.yaml; a block of ours that is not in there as it was said is added by itself.
func deliverUserData(oemDir string, files []string) error {
	for i, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("delivering the user-data: %w", err)
		}
		if !mergedByAgent(file) {
			name := fmt.Sprintf("8%d_%s", i, filepath.Base(file))
			if err := writeFileMode(filepath.Join(oemDir, name), data, userDataMode); err != nil {
				return fmt.Errorf("delivering the user-data: %w", err)
			}
			continue
		}
		blocks, err := siteBlocks(data)
		if err != nil {
			return fault.Wrap(err, fault.Input, "site.invalid", "`stylet validate FILE` says where", "reading the user-data %s", file)
		}
		if len(blocks) == 0 || delivered(oemDir, blocks) {
			continue
		}
		out, err := yaml.Marshal(blocks)
		if err != nil {
			return fmt.Errorf("delivering the user-data: %w", err)
		}
		name := fmt.Sprintf("9%d_stylet.yaml", i+1)
		if err := writeFileMode(filepath.Join(oemDir, name), append([]byte("#cloud-config\n"), out...), userDataMode); err != nil {
			return fmt.Errorf("delivering the user-data: %w", err)
		}
	}
	return nil
}

func mergedByAgent(file string) bool {
	for _, dir := range agentDirs() {
		if strings.HasPrefix(filepath.Clean(file), dir) {
			return true
		}
	}
	return false
}

// siteBlocks gives our blocks of a document.
func siteBlocks(data []byte) (map[string]any, error) {
	var document map[string]any
	if err := yaml.Unmarshal(data, &document); err != nil {
		return nil, err
	}
	blocks := map[string]any{}
	for _, key := range siteKeys() {
		if block := document[key]; block != nil {
			blocks[key] = block
		}
	}
	return blocks, nil
}

// delivered tells whether one file of COS_OEM says all that the blocks say.
func delivered(oemDir string, blocks map[string]any) bool {
	files, _ := filepath.Glob(filepath.Join(oemDir, "*.yaml")) // the pattern is right
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		if have, err := siteBlocks(data); err == nil && contains(have, blocks) {
			return true
		}
	}
	return false
}

// contains compares what YAML made of two documents: maps may have more keys, lists more items.
func contains(have, want any) bool {
	switch want := want.(type) {
	case map[string]any:
		have, ok := have.(map[string]any)
		if !ok {
			return false
		}
		for key, value := range want {
			if !contains(have[key], value) {
				return false
			}
		}
		return true
	case []any:
		have, ok := have.([]any)
		if !ok {
			return false
		}
		for _, value := range want {
			if !containsItem(have, value) {
				return false
			}
		}
		return true
	}
	return reflect.DeepEqual(have, want)
}

func containsItem(list []any, want any) bool {
	for _, item := range list {
		if contains(item, want) {
			return true
		}
	}
	return false
}
