package kairos

import (
	"fmt"
	"path/filepath"
)

// userDataFile is the one file with user-data on COS_OEM. kairos-agent writes its own configuration
// there (v2.31.4, elemental.CopyCloudConfig), which is that of the installation: the document takes
// its place.
const userDataFile = "90_custom.yaml"

// userDataMode keeps tokens and passwords from the host's other users.
const userDataMode = 0o600

// noUserData is what a host has whose site says nothing.
const noUserData = "#cloud-config\n{}\n"

// deliver puts the document where the installed host reads it (stylet, kairos-agent and the boot stages,
// each of them this file alone), and the other files beside it.
func deliver(oemDir string, document []byte, others map[string][]byte) error {
	if len(document) == 0 {
		document = []byte(noUserData)
	}
	if err := writeFileMode(filepath.Join(oemDir, userDataFile), document, userDataMode); err != nil {
		return fmt.Errorf("delivering the user-data: %w", err)
	}
	for name, data := range others {
		if err := writeFileMode(filepath.Join(oemDir, name), data, userDataMode); err != nil {
			return fmt.Errorf("delivering %s: %w", name, err)
		}
	}
	return nil
}
