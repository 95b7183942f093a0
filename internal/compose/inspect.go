package compose

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Inspect reads the record out of an image file, without mounting it: debugfs only reads, needs
// no privilege, and works while the image is in use. An image without a record, such as the
// installer's, is fs.ErrNotExist.
func Inspect(ctx context.Context, runner command.Runner, imagePath string) (v1alpha1.ImageRecord, error) {
	var record v1alpha1.ImageRecord
	var text strings.Builder
	result, err := runner.Run(ctx, command.Spec{
		Name:    "inspect-image",
		Argv:    []string{"debugfs", "-R", "cat " + v1alpha1.ImageRecordPath, imagePath},
		Timeout: time.Minute,
		OnLine:  func(line string) { text.WriteString(line + "\n") },
	})
	if err != nil {
		return record, fmt.Errorf("inspecting the image %s: %w", imagePath, err)
	}
	// debugfs ends with status 0 whatever happened.
	if text.Len() == 0 && strings.Contains(result.Tail, "File not found") {
		return record, fmt.Errorf("inspecting the image %s: its record: %w", imagePath, fs.ErrNotExist)
	}
	if record, err = v1alpha1.ParseImageRecord([]byte(text.String())); err != nil {
		return record, fault.Wrap(err, fault.Input, "compose.damaged",
			"compose or fetch the image anew", "inspecting the image %s (%s)", imagePath, strings.TrimSpace(result.Tail))
	}
	return record, nil
}
