package kairos

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

// installConfig is what stylet asks of kairos-agent. It is read after the user-data and so wins:
// what `install:` of the user-data says is intent that stylet executes, not a second opinion.
type installConfig struct {
	Install installBlock `yaml:"install"`
}

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

// encodeInstallConfig writes the configuration for a device, a firmware and the layout for it.
func encodeInstallConfig(device string, firmware Firmware, layout Layout) ([]byte, error) {
	partitions := map[string]partSpec{
		"oem":        {Size: layout.OEM, FS: "ext4"},
		"recovery":   {Size: layout.Recovery, FS: "ext4"},
		"state":      {Size: layout.State, FS: "ext4"},
		"persistent": {Size: 0, FS: "ext4"},
	}
	if firmware != BIOS { // the partition for a BIOS cannot be configured
		partitions["efi"] = partSpec{Size: layout.EFI, FS: "vfat"}
	}
	data, err := yaml.Marshal(installConfig{Install: installBlock{
		Device:     device,
		Firmware:   firmware,
		NoUsers:    true, // no login is part of an installation; sites add users by user-data
		Force:      true, // stylet has asked for that already
		Partitions: partitions,
	}})
	if err != nil {
		return nil, fmt.Errorf("encoding the install configuration: %w", err)
	}
	return append([]byte("#cloud-config\n"), data...), nil
}
