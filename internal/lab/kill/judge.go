package kill

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/stylet-edge/stylet/internal/content"
	"github.com/stylet-edge/stylet/internal/kairos"
	"github.com/stylet-edge/stylet/internal/lab/registry"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// judge waits until nothing is to complain about, and otherwise gives all complaints.
func (l *lab) judge(ctx context.Context, kills int) error {
	ctx, cancel := context.WithTimeout(ctx, judgeTime)
	defer cancel()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var complaint error
	for {
		status, err := l.status(ctx)
		if err == nil {
			err = errors.Join(
				l.judgeStatus(status), l.judgeSlots(ctx, status.Running.Image), l.judgeEnv(),
				l.judgeFiles(), l.judgeLeftOvers(ctx),
			)
		}
		if err == nil {
			l.running = status.Running.Image
			return l.judgeBytes(kills)
		}
		if ctx.Err() == nil {
			complaint = err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return complaint
		}
	}
}

func (l *lab) judgeStatus(s v1alpha1.HostStatus) error {
	var wrong []error
	want := func(ok bool, format string, args ...any) {
		if !ok {
			wrong = append(wrong, fmt.Errorf("status: "+format, args...))
		}
	}
	want(s.Fine && strings.HasPrefix(s.Summary, "FINE"), "%q (%s)", s.Summary, s.Why)
	want(s.Running.Committed && s.Running.Slot == v1alpha1.SlotActive && s.Running.Profile == l.title(), "runs %+v", s.Running)
	want(s.Desired != nil && s.Desired.Revision == s.Running.Revision && s.Desired.Image == s.Running.Image, "wants %+v, runs %+v", s.Desired, s.Running)
	want(s.Trial == nil && s.Work == nil && len(s.Refused) == 0, "trial %+v, work %+v, refused %+v", s.Trial, s.Work, s.Refused)
	for _, c := range s.Conditions {
		want(c.OK, "%s: %s", c.Type, c.Message)
	}
	return errors.Join(wrong...)
}

// judgeSlots reads the images themselves, with other means than stylet's.
func (l *lab) judgeSlots(ctx context.Context, running v1alpha1.Digest) error {
	var wrong []error
	for _, slot := range []struct {
		name, label string
		image       v1alpha1.Digest
	}{{"active", "COS_ACTIVE", running}, {"passive", "COS_PASSIVE", l.running}} {
		file := "/run/initramfs/cos-state/cOS/" + slot.name + ".img"
		label, err := l.machine.Exec(ctx, "e2label", file)
		if err != nil {
			return err
		}
		if got := strings.TrimSpace(string(label)); got != slot.label {
			wrong = append(wrong, fmt.Errorf("slot %s: labelled %q", slot.name, got))
		}
		data, err := l.machine.Exec(ctx, "debugfs", "-R", "cat "+v1alpha1.ImageRecordPath, file)
		if err != nil {
			return err
		}
		var record v1alpha1.ImageRecord
		if len(bytes.TrimSpace(data)) > 0 {
			if err := json.Unmarshal(data, &record); err != nil {
				return fmt.Errorf("slot %s: %w", slot.name, err)
			}
		}
		if record.ID != slot.image {
			wrong = append(wrong, fmt.Errorf("slot %s: holds %q, not %q", slot.name, record.ID.Short(), slot.image.Short()))
		}
	}
	return errors.Join(wrong...)
}

func (l *lab) judgeEnv() error {
	block, err := l.machine.ReadFile("/run/initramfs/cos-state/" + kairos.EnvFile)
	if err != nil {
		return err
	}
	env, err := kairos.ParseBootEnv(block)
	if err != nil {
		return err
	}
	if env.Trial != "" || env.Try != 0 || env.Failed != "" || env.Good != v1alpha1.SlotActive || env.PassiveTries != 0 {
		return fmt.Errorf("boot environment: not steady: %+v", env)
	}
	return nil
}

// judgeFiles looks for files that should be gone, and for those that must be there.
func (l *lab) judgeFiles() error {
	var wrong []error
	for _, pattern := range []string{
		"/usr/local/.stylet/content/partial/*", "/usr/local/.stylet/images/*.img*", "/usr/local/.stylet/*.damaged*",
		"/run/initramfs/cos-state/cOS/transition.img", "/run/stylet/boot-problem",
	} {
		found, err := l.machine.Glob(pattern)
		if err != nil {
			return err
		}
		if len(found) > 0 {
			wrong = append(wrong, fmt.Errorf("left over: %s", strings.Join(found, ", ")))
		}
	}
	if grubenv, err := l.machine.ReadFile("/oem/grubenv"); err == nil && bytes.Contains(grubenv, []byte("_entry=")) {
		wrong = append(wrong, errors.New("left over: a selected entry in /oem/grubenv"))
	}
	version, err := l.machine.ReadFile("/etc/lab-version")
	if err != nil || strings.TrimSpace(string(version)) != fmt.Sprint(l.version) {
		wrong = append(wrong, fmt.Errorf("configuration: /etc/lab-version is %q (%w)", version, err))
	}
	return errors.Join(wrong...)
}

// judgeLeftOvers looks for mounts, loop devices and units of steps.
func (l *lab) judgeLeftOvers(ctx context.Context) error {
	var wrong []error
	mounts, err := l.machine.ReadFile("/proc/1/mountinfo")
	if err != nil {
		return err
	}
	for _, place := range []string{" /run/cos/transition ", " /usr/local/.stylet/"} {
		if bytes.Contains(mounts, []byte(place)) {
			wrong = append(wrong, fmt.Errorf("left over: something is mounted on%s", place))
		}
	}
	loops, err := l.machine.LoopsInside(ctx)
	if err != nil {
		return err
	}
	if len(loops) != 1 { // the root file system's
		wrong = append(wrong, fmt.Errorf("left over: loop devices %v", loops))
	}
	for _, b := range l.machine.Boots() {
		if b.LeakedLoops > 0 && b.End == "reboot" {
			wrong = append(wrong, fmt.Errorf("left over at a reboot: %d loop devices", b.LeakedLoops))
		}
	}
	units, err := l.machine.Exec(ctx, "systemctl", "list-units", "--all", "--plain", "--no-legend", "stylet-step-*")
	if err != nil {
		return err
	}
	if len(bytes.TrimSpace(units)) > 0 {
		wrong = append(wrong, fmt.Errorf("left over: units %s", units))
	}
	return errors.Join(wrong...)
}

// judgeBytes compares what the registry served with what it may have served: each blob once, and a
// chunk more for each death while it was being pulled.
func (l *lab) judgeBytes(kills int) error {
	var wrong []error
	accesses := l.registry.Since(0)
	for blob, served := range registry.BlobBytes(accesses) {
		if _, known := l.budget[blob]; !known {
			size, err := l.registry.BlobSize(blob)
			if err != nil {
				return err
			}
			l.budget[blob] = size + int64(kills)*content.ChunkBytes
		}
		if budget := l.budget[blob]; served > budget {
			wrong = append(wrong, fmt.Errorf("%s: %d bytes served, %d more than allowed after %d kills", blob, served, served-budget, kills))
		}
	}
	return errors.Join(wrong...)
}

// waste sums up what was served beyond the blobs' sizes, and what was allowed beyond them.
func (l *lab) waste() string {
	var served, allowed int64
	for blob, n := range registry.BlobBytes(l.registry.Since(0)) {
		size, err := l.registry.BlobSize(blob)
		if err != nil {
			continue
		}
		served += n - size
		allowed += l.budget[blob] - size
	}
	return fmt.Sprintf("%.1f MiB of %.1f MiB allowed", float64(served)/(1<<20), float64(allowed)/(1<<20))
}
