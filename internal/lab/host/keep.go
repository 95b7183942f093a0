package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/stylet-edge/stylet/internal/lab/qemu"
)

// kept describes a kept state.
type kept struct {
	// Disk is the frozen file, Count the number of disk files so far.
	Disk  string `json:"disk"`
	Count int    `json:"count"`
	// Inputs is the digest of everything that was built for the run.
	Inputs string `json:"inputs"`
	// Facts are the proof's own.
	Facts json.RawMessage `json:"facts"`
}

// Freeze gives a file that holds the disk as a power cut at this instant would leave it. The
// machine goes on, in a new file on top of it.
func (h *Host) Freeze(ctx context.Context) (string, error) {
	frozen, next := h.disk, h.diskFile()
	var err error
	if h.On() {
		err = h.boot.Snapshot(ctx, next)
	} else {
		err = qemu.CreateOverlay(ctx, next, frozen, "qcow2")
	}
	if err != nil {
		return "", fmt.Errorf("freezing the disk: %w", err)
	}
	h.disk = next
	return frozen, nil
}

func (h *Host) keptFile(phase, suffix string) string {
	return filepath.Join(h.config.Dir, "state", "after-"+phase+suffix)
}

// Keep keeps the disk, the firmware's variables and the proof's facts under a phase's name.
func (h *Host) Keep(ctx context.Context, phase, inputs string, facts any) error {
	frozen, err := h.Freeze(ctx)
	if err != nil {
		return err
	}
	if err := qemu.CopyFile(h.keptFile(phase, ".vars"), h.config.Machine.Vars); err != nil {
		return err
	}
	raw, err := json.Marshal(facts)
	if err != nil {
		return fmt.Errorf("keeping the facts: %w", err)
	}
	data, err := json.MarshalIndent(kept{Disk: filepath.Base(frozen), Count: h.count, Inputs: inputs, Facts: raw}, "", "  ")
	if err != nil {
		return fmt.Errorf("keeping the state: %w", err)
	}
	return os.WriteFile(h.keptFile(phase, ".json"), data, 0o644)
}

// Restore makes the disk and the firmware's variables what they were, and reads the facts. inputs
// must be those of then, or empty for any.
func (h *Host) Restore(ctx context.Context, phase, inputs string, facts any) error {
	h.Cut()
	data, err := os.ReadFile(h.keptFile(phase, ".json"))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("nothing was kept after phase %s in %s: run it first", phase, h.config.Dir)
	}
	if err != nil {
		return err
	}
	var state kept
	if err := json.Unmarshal(data, &state); err != nil {
		return fmt.Errorf("reading what was kept after phase %s: %w", phase, err)
	}
	if inputs != "" && inputs != state.Inputs {
		return fmt.Errorf("what was kept after phase %s came from other inputs (binary, images or profiles): run from the start, or say --any-inputs", phase)
	}
	if err := json.Unmarshal(state.Facts, facts); err != nil {
		return fmt.Errorf("reading the facts kept after phase %s: %w", phase, err)
	}
	if err := qemu.CopyFile(h.config.Machine.Vars, h.keptFile(phase, ".vars")); err != nil {
		return err
	}
	if err := h.dropAfter(state.Count); err != nil {
		return err
	}
	h.disk = h.diskFile()
	return qemu.CreateOverlay(ctx, h.disk, filepath.Join(h.config.Dir, "state", state.Disk), "qcow2")
}

// dropAfter removes what later phases made: what is done from here on replaces it.
func (h *Host) dropAfter(count int) error {
	h.count = count - 1
	files, err := filepath.Glob(filepath.Join(h.config.Dir, "state", "*"))
	if err != nil {
		return err
	}
	var errs []error
	for _, file := range files {
		if later(file, count) {
			errs = append(errs, os.Remove(file))
		}
	}
	return errors.Join(errs...)
}

// later tells whether a file is a disk with that number or a higher one, or needs one.
func later(file string, count int) bool {
	var n int
	if _, err := fmt.Sscanf(filepath.Base(file), "disk-%d.qcow2", &n); err == nil {
		return n >= count
	}
	if filepath.Ext(file) != ".json" {
		return false
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return false
	}
	var state kept
	return json.Unmarshal(data, &state) == nil && state.Count > count
}
