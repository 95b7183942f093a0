package kairos

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/kairos-io/kairos-sdk/constants"

	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Host is an installed Kairos host. The zero values of the paths are those of a real one; tests
// and images that are not running name others.
type Host struct {
	// Runner runs kairos-agent and the small tools. It must be a runner that gives OnLine stdout
	// alone, such as command.Local: a step already lives in a unit of its own.
	Runner command.Runner
	// StateDir is where COS_STATE is mounted; default /run/initramfs/cos-state.
	StateDir string
	// OEMDir is where COS_OEM is mounted; default /oem.
	OEMDir string
	// CmdlinePath is the kernel's command line; default /proc/cmdline.
	CmdlinePath string
	// RootDir is the root of the running image; default /.
	RootDir string
	// TranscriptDir receives the transcript of kairos-agent; empty keeps only its tail.
	TranscriptDir string
	// AgentPath is kairos-agent; default "kairos-agent" in PATH.
	AgentPath string
}

func (h Host) stateDir() string { return cmp.Or(h.StateDir, "/run/initramfs/cos-state") }
func (h Host) oemDir() string   { return cmp.Or(h.OEMDir, "/oem") }
func (h Host) envPath() string  { return filepath.Join(h.stateDir(), EnvFile) }
func (h Host) imageDir() string { return filepath.Join(h.stateDir(), "cOS") }

func (h Host) transition() string { return filepath.Join(h.imageDir(), "transition.img") }

// transcript names the file for a run's output, "" when none is wanted.
func (h Host) transcript(name string) string {
	if h.TranscriptDir == "" {
		return ""
	}
	return filepath.Join(h.TranscriptDir, name+".log")
}

// Slot tells what is running, from the kernel's command line, by the words that immucore and
// kairos-agent go by (facts/kairos-contract.md, section 1: boot detection).
func (h Host) Slot() (v1alpha1.Slot, error) {
	cmdline, err := h.cmdline()
	if err != nil {
		return v1alpha1.SlotUnknown, fmt.Errorf("finding out which slot runs: %w", err)
	}
	return SlotOf(cmdline), nil
}

func (h Host) cmdline() (string, error) {
	data, err := os.ReadFile(cmp.Or(h.CmdlinePath, "/proc/cmdline"))
	if err != nil {
		return "", fmt.Errorf("reading the kernel's command line: %w", err)
	}
	return string(data), nil
}

// BootedTrial gives the short name of the trial that this boot belongs to, as the boot loader told
// the kernel; "" when this boot proves nothing.
func (h Host) BootedTrial() (string, error) {
	cmdline, err := h.cmdline()
	if err != nil {
		return "", err
	}
	for _, word := range strings.Fields(cmdline) {
		if id, ok := strings.CutPrefix(word, trialArgument); ok {
			return id, nil
		}
	}
	return "", nil
}

// SlotOf reads a kernel command line.
func SlotOf(cmdline string) v1alpha1.Slot {
	for _, known := range []struct {
		slot  v1alpha1.Slot
		words []string
	}{
		{v1alpha1.SlotActive, []string{constants.ActiveLabel}},
		{v1alpha1.SlotPassive, []string{constants.PassiveLabel}},
		{v1alpha1.SlotRecovery, []string{constants.RecoveryLabel, constants.SystemLabel, "recovery-mode"}},
		{v1alpha1.SlotLive, []string{"live:LABEL", "live:CDLABEL", "netboot"}},
	} {
		for _, word := range known.words {
			if strings.Contains(cmdline, word) {
				return known.slot
			}
		}
	}
	return v1alpha1.SlotUnknown
}

// Running reads the record that the running image carries. The installer's image has none: that
// is the zero ImageRecord and no error.
func (h Host) Running() (v1alpha1.ImageRecord, error) {
	data, err := os.ReadFile(filepath.Join(cmp.Or(h.RootDir, "/"), v1alpha1.ImageRecordPath))
	if errors.Is(err, fs.ErrNotExist) {
		return v1alpha1.ImageRecord{}, nil
	}
	if err != nil {
		return v1alpha1.ImageRecord{}, fmt.Errorf("reading what runs: %w", err)
	}
	record, err := v1alpha1.ParseImageRecord(data)
	if err != nil {
		return record, fmt.Errorf("reading what runs: %w", err)
	}
	return record, nil
}
