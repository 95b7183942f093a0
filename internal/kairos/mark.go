package kairos

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// MarkPath is where COS_OEM carries the mark of a finished installation: on the partition that
// survives a reset.
const MarkPath = ".stylet/installed.json"

// Mark says that an installation was finished, and how. It is written last of all.
type Mark struct {
	SchemaVersion int           `json:"schemaVersion"`
	Time          time.Time     `json:"time"`
	Version       string        `json:"version"` // of stylet
	MaxImageSize  v1alpha1.Size `json:"maxImageSize"`
	Layout        Layout        `json:"layout"`
}

// ReadMark reads the mark; fs.ErrNotExist is on the chain when the installation was not finished.
func ReadMark(oemDir string) (Mark, error) {
	data, err := os.ReadFile(filepath.Join(oemDir, MarkPath))
	if err != nil {
		return Mark{}, fmt.Errorf("reading the mark of the installation: %w", err)
	}
	var mark Mark
	if err := json.Unmarshal(data, &mark); err != nil {
		return Mark{}, fmt.Errorf("reading the mark of the installation: %w", err)
	}
	return mark, nil
}

func writeMark(oemDir string, mark Mark) error {
	root, err := durable.Open(oemDir)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := root.WriteJSON(MarkPath, mark); err != nil {
		return fmt.Errorf("writing the mark of the installation: %w", err)
	}
	return durable.SyncFS(oemDir)
}
