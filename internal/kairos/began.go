package kairos

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/internal/base/version"
)

// Where the mark of an installation that began lies on the drive: outside of all partitions, so
// that it is there before the first of them is made and outlives the making of all. The partition
// table ends at 24 KiB at most, and kairos-agent's first partition starts at 1 MiB; it writes
// nothing in between (go-diskfs: partition/gpt Table.Write; kairos-agent: pkg/partitioner).
const (
	beganOffset = 1<<20 - 4096
	beganBytes  = 512 // one sector: there whole or not at all
)

// beganMagic begins the mark; JSON and zeros follow.
const beganMagic = "stylet: an installation began here\n"

// began says that stylet has begun to install on a drive, and has not finished.
type began struct {
	SchemaVersion int       `json:"schemaVersion"`
	Time          time.Time `json:"time"`
	Version       string    `json:"version"` // of stylet
}

// writeBegan puts the mark on a drive. It is on the medium when this returns.
func writeBegan(node string, now time.Time) error {
	data, err := json.Marshal(began{SchemaVersion: 1, Time: now.UTC(), Version: version.Version})
	if err == nil && len(beganMagic)+len(data) > beganBytes {
		err = fmt.Errorf("it has %d bytes, more than %d", len(beganMagic)+len(data), beganBytes)
	}
	if err != nil {
		return fmt.Errorf("encoding the mark of a begun installation: %w", err)
	}
	block := make([]byte, beganBytes)
	copy(block, beganMagic+string(data))
	if err := durable.WriteAt(node, block, beganOffset); err != nil {
		return fmt.Errorf("marking %s as begun: %w", node, err)
	}
	return nil
}

// clearBegan removes the mark: what is on the drive is a finished installation.
func clearBegan(node string) error {
	if err := durable.WriteAt(node, make([]byte, beganBytes), beganOffset); err != nil {
		return fmt.Errorf("removing the mark of a begun installation from %s: %w", node, err)
	}
	return nil
}

// hasBegan tells whether the mark is on the drive. Anything but a whole mark is none.
func hasBegan(node string) (bool, error) {
	f, err := os.Open(node)
	if err != nil {
		return false, fmt.Errorf("looking for the mark of a begun installation: %w", err)
	}
	defer f.Close()
	block := make([]byte, beganBytes)
	if n, err := f.ReadAt(block, beganOffset); err != nil && (n > 0 || !errors.Is(err, io.EOF)) {
		return false, fmt.Errorf("looking for the mark of a begun installation on %s: %w", node, err)
	}
	_, ok := parseBegan(block)
	return ok, nil
}

// parseBegan reads the mark from its sector.
func parseBegan(block []byte) (began, bool) {
	text, ok := strings.CutPrefix(string(bytes.TrimRight(block, "\x00")), beganMagic)
	if !ok {
		return began{}, false
	}
	var b began
	if err := json.Unmarshal([]byte(text), &b); err != nil || b.SchemaVersion < 1 {
		return began{}, false
	}
	return b, true
}
