package reader

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/stylet-edge/stylet/internal/lab/shell"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Commands runs commands in the guest.
type Commands interface {
	Run(ctx context.Context, command string) (shell.Result, error)
	Output(ctx context.Context, command string) (string, error)
}

// Running is what the serial line tells about the running system.
type Running struct {
	// Slot comes from the kernel's command line.
	Slot v1alpha1.Slot
	// Image is what the running image's own record says, empty for the installer's.
	Image v1alpha1.Digest
	// Boot is what GRUB said.
	Boot Decision
}

// ReadRunning reads the running system through a shell; said is the console's text since power-on.
func ReadRunning(ctx context.Context, guest Commands, said string) (Running, error) {
	line, err := guest.Output(ctx, "cat /proc/cmdline")
	if err != nil {
		return Running{}, fmt.Errorf("reading the kernel's command line: %w", err)
	}
	record, err := guest.Output(ctx, "f="+v1alpha1.ImageRecordPath+"; [ ! -e $f ] || cat $f")
	if err != nil {
		return Running{}, fmt.Errorf("reading the running image's record: %w", err)
	}
	image, err := parseRecord([]byte(record))
	if err != nil {
		return Running{}, err
	}
	running := Running{Slot: parseSlot(line), Image: image, Boot: ParseDecision(said)}
	return running, checkTrialWord(line, running)
}

var trialArgument = regexp.MustCompile(`(?:^|\s)stylet\.trial=(\S*)`)

// checkTrialWord compares the trial that GRUB named on the console with the one it told the kernel.
func checkTrialWord(line string, running Running) error {
	told := ""
	if m := trialArgument.FindStringSubmatch(line); m != nil {
		told = m[1]
	}
	want := running.Boot.Trial
	if running.Slot != v1alpha1.SlotActive {
		want = "" // GRUB tried active, and could not load it
	}
	if told != want {
		return fmt.Errorf("GRUB tried %q and booted %s, but told the kernel of the trial %q", running.Boot.Trial, running.Slot, told)
	}
	return nil
}

// ReadStatus asks stylet.
func ReadStatus(ctx context.Context, guest Commands) (v1alpha1.HostStatus, error) {
	const notFine = 2
	answer, err := guest.Run(ctx, "stylet status -o json 2>/run/stylet-lab/status-errors")
	if err != nil {
		return v1alpha1.HostStatus{}, err
	}
	var status v1alpha1.HostStatus
	if answer.ExitCode != 0 && answer.ExitCode != notFine {
		return status, fmt.Errorf("stylet status ended with %d: %s", answer.ExitCode, answer.Output)
	}
	if err := json.Unmarshal([]byte(answer.Output), &status); err != nil {
		return status, fmt.Errorf("reading stylet's status %q: %w", answer.Output, err)
	}
	return status, nil
}

var imageArgument = regexp.MustCompile(`(?:^|\s)cos-img/filename=(\S+)`)

// parseSlot reads the slot from a kernel command line.
func parseSlot(line string) v1alpha1.Slot {
	if m := imageArgument.FindStringSubmatch(line); m != nil {
		switch m[1] {
		case "/cOS/active.img":
			return v1alpha1.SlotActive
		case "/cOS/passive.img":
			return v1alpha1.SlotPassive
		case "/cOS/recovery.img":
			return v1alpha1.SlotRecovery
		}
		return v1alpha1.SlotUnknown
	}
	if strings.Contains(line, "root=live:LABEL=COS_RECOVERY") {
		return v1alpha1.SlotRecovery
	}
	if strings.Contains(line, "root=live:CDLABEL=COS_LIVE") {
		return v1alpha1.SlotLive
	}
	return v1alpha1.SlotUnknown
}

// parseRecord gives the ID in an image's record, and checks that it is the one of its manifest.
func parseRecord(data []byte) (v1alpha1.Digest, error) {
	if len(strings.TrimSpace(string(data))) == 0 {
		return "", nil
	}
	var record v1alpha1.ImageRecord
	if err := json.Unmarshal(data, &record); err != nil {
		return "", fmt.Errorf("reading an image's record %.80q: %w", data, err)
	}
	if id := record.Manifest.ID(); id != record.ID {
		return "", fmt.Errorf("an image's record says %s, its manifest is %s", record.ID.Short(), id.Short())
	}
	return record.ID, nil
}
