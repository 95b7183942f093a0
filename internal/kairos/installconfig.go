package kairos

import (
	"bytes"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// installBlock is what stylet asks of kairos-agent.
type installBlock struct {
	Device string `yaml:"device"`
	// Firmware says what kairos-agent would find out for itself, so that both mean the same.
	Firmware   Firmware            `yaml:"firmware"`
	Auto       bool                `yaml:"auto"`
	Reboot     bool                `yaml:"reboot"`
	Poweroff   bool                `yaml:"poweroff"`
	NoUsers    bool                `yaml:"nousers"`
	Force      bool                `yaml:"force"`
	Partitions map[string]partSpec `yaml:"partitions"`
}

type partSpec struct {
	Size int64  `yaml:"size"` // MiB; 0 is the rest
	FS   string `yaml:"fs"`
}

// decidedHere are the keys of `install:` that are stylet's to decide: the drive and its layout, what
// is installed, and what follows. In the user-data they are intent, which stylet executes by its own
// keys. The others (grub_options, bind_mounts, extra-partitions, ...; kairos-sdk v0.25.3,
// types/install) are kairos-agent's, and reach it.
func decidedHere() []string {
	return []string{
		"device", "auto", "reboot", "poweroff", "nousers", "force", "partitions", "no-format", "part-table", "firmware",
		"source", "iso", "system", "recovery-system", "passive",
	}
}

// notForAgent are the top-level keys that kairos-agent must not see: our blocks, since it writes what
// it gets to a file for everybody in /tmp, and config_url, which it would fetch a second time.
func notForAgent() []string {
	return []string{v1alpha1.SiteBlock, v1alpha1.DocumentedBlock, "config_url"}
}

// UnusedInstallKeys gives the keys of the document's `install:` that have no effect, since stylet
// decides what they are about. The error is of kind Input.
func UnusedInstallKeys(document []byte) ([]string, error) {
	_, unused, err := agentConfig(document)
	return unused, err
}

// encodeInstallConfig writes the configuration of an installation: the document's keys of Kairos, so
// that its stages act during the installation too, with the `install:` of stylet. It is the only
// user-data that kairos-agent reads: with its own directories beside it (--use-default-dirs) the
// lists of maps would be there twice, and each step and user with them.
func encodeInstallConfig(device string, firmware Firmware, layout Layout, document []byte) ([]byte, error) {
	config, _, err := agentConfig(document)
	if err != nil {
		return nil, err
	}
	partitions := map[string]partSpec{
		"oem":        {Size: layout.OEM, FS: "ext4"},
		"recovery":   {Size: layout.Recovery, FS: "ext4"},
		"state":      {Size: layout.State, FS: "ext4"},
		"persistent": {Size: 0, FS: "ext4"},
	}
	if firmware != BIOS { // the partition for a BIOS cannot be configured
		partitions["efi"] = partSpec{Size: layout.EFI, FS: "vfat"}
	}
	var ours yaml.Node
	if err := ours.Encode(installBlock{
		Device:     device,
		Firmware:   firmware,
		NoUsers:    true, // no login is part of an installation; sites add users by user-data
		Force:      true, // stylet has asked for that already
		Partitions: partitions,
	}); err != nil {
		return nil, fmt.Errorf("encoding the install configuration: %w", err)
	}
	install := config.Content[1]
	install.Content = append(ours.Content, install.Content...)
	var out bytes.Buffer
	out.WriteString("#cloud-config\n")
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(config); err != nil {
		return nil, fmt.Errorf("encoding the install configuration: %w", err)
	}
	return out.Bytes(), encoder.Close()
}

// agentConfig gives the keys that kairos-agent may see, `install` first, and those of `install:`
// that it may not.
func agentConfig(document []byte) (config *yaml.Node, unused []string, err error) {
	var top yaml.Node
	if err := yaml.Unmarshal(document, &top); err != nil {
		return nil, nil, fault.Wrap(err, fault.Input, "site.invalid", "`stylet validate FILE` says where", "reading the user-data")
	}
	install := &yaml.Node{Kind: yaml.MappingNode}
	config = &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{{Kind: yaml.ScalarNode, Value: "install"}, install}}
	if len(top.Content) == 0 {
		return config, nil, nil
	}
	eachKey(top.Content[0], func(key, value *yaml.Node) {
		switch {
		case slices.Contains(notForAgent(), key.Value):
		case key.Value != "install":
			config.Content = append(config.Content, key, value)
		default:
			eachKey(value, func(key, value *yaml.Node) {
				if slices.Contains(decidedHere(), key.Value) {
					unused = append(unused, key.Value)
					return
				}
				install.Content = append(install.Content, key, value)
			})
		}
	})
	return config, unused, nil
}

// eachKey goes over a mapping; of anything else there is nothing to go over.
func eachKey(mapping *yaml.Node, use func(key, value *yaml.Node)) {
	if mapping.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		use(mapping.Content[i], mapping.Content[i+1])
	}
}
