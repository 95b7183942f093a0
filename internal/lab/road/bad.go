package road

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"github.com/stylet-edge/stylet/internal/lab/qemu"
	"github.com/stylet-edge/stylet/internal/lab/reader"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// v3 boots, and its service never becomes healthy: the host itself goes back.
func (r *Road) v3(ctx context.Context) error {
	if err := r.switchTo(ctx, "v3"); err != nil {
		return err
	}
	if err := r.boot(ctx, "v3"); err != nil {
		return err
	}
	if err := r.watch(ctx, qemu.Reboot); err != nil {
		return fmt.Errorf("going back: %w", err)
	}
	return r.wentBack(ctx, "v3", refusal{version: "3.0.0", code: "trial.gate-failed"})
}

var panics = regexp.MustCompile(`Kernel panic - not syncing`)

// v4 panics in every boot: three tries, then GRUB goes back.
func (r *Road) v4(ctx context.Context) error {
	if err := r.switchTo(ctx, "v4"); err != nil {
		return err
	}
	for try := 1; try <= 3; try++ {
		if err := r.boot(ctx, fmt.Sprintf("v4-try%d", try)); err != nil {
			return err
		}
		r.report.Say("try %d: waiting for its panic", try)
		if err := r.ends(ctx, qemu.Reboot); err != nil {
			return err
		}
		said := r.host.Said()
		if d := reader.ParseDecision(said); d.Try != try || !panics.MatchString(said) {
			return fmt.Errorf("GRUB said %+v and the kernel panicked: %v; expected try %d and a panic", d, panics.MatchString(said), try)
		}
	}
	return r.wentBack(ctx, "v4", refusal{version: "4.0.0", code: "trial.boot-failed", byGRUB: true})
}

// hang never reaches user space. Nothing but the watchdog ends its only try.
func (r *Road) hang(ctx context.Context) error {
	if err := r.switchTo(ctx, "hang"); err != nil {
		return err
	}
	if err := r.boot(ctx, "hang-try1"); err != nil {
		return err
	}
	if err := r.hears(ctx, regexp.MustCompile(`store: init hangs`), 4*time.Minute); err != nil {
		return err
	}
	r.report.Say("init hangs; the watchdog, armed in the initrd, must end it")
	if err := r.ends(ctx, qemu.Watchdog); err != nil {
		return err
	}
	return r.wentBack(ctx, "hang", refusal{version: "4.1.0", code: "trial.boot-failed", byGRUB: true})
}

// refusal is what a host must say about a profile that failed.
type refusal struct {
	version, code string
	byGRUB        bool // the boot loader went back, not the host
}

// wentBack boots the machine and checks that the version before runs, and why.
func (r *Road) wentBack(ctx context.Context, name string, want refusal) error {
	if err := r.boot(ctx, name+"-back"); err != nil {
		return err
	}
	status, err := r.await(ctx, commitLimit, func(s v1alpha1.HostStatus) string {
		switch {
		case s.Running.Profile != "store 2.0.0" || s.Running.Slot != v1alpha1.SlotPassive:
			return fmt.Sprintf("it runs %s (%s)", s.Running.Profile, s.Running.Slot)
		case s.Trial != nil:
			return "it is on trial"
		}
		return want.missing(s)
	})
	if err != nil {
		return err
	}
	if failed := reader.ParseDecision(r.host.Said()).Failed; (failed != "") != want.byGRUB {
		return fmt.Errorf("GRUB says that the trial %q used up its tries", failed)
	}
	r.report.Say("the host says: %s", status.Why)
	if err := r.expectFiles(ctx, "2"); err != nil {
		return err
	}
	return r.checkpoint(ctx, name)
}

// missing says what a status lacks of the refusal.
func (want refusal) missing(s v1alpha1.HostStatus) string {
	for _, got := range s.Refused {
		if got.Profile != "store "+want.version {
			continue
		}
		if got.Code != want.code || got.Cause == "" {
			return fmt.Sprintf("it was refused as %s (%q), not as %s", got.Code, got.Cause, want.code)
		}
		return ""
	}
	return "store " + want.version + " is not refused"
}

// cycle cuts the power and checks that the host comes back as it was.
func (r *Road) cycle(name, version string) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := r.ensureOn(ctx, name); err != nil {
			return err
		}
		before, err := r.status(ctx)
		if err != nil {
			return err
		}
		r.host.Cut()
		if err := r.boot(ctx, name); err != nil {
			return err
		}
		after, err := r.await(ctx, commitLimit, func(s v1alpha1.HostStatus) string {
			if s.Running.Profile != "store "+version || s.Running.Slot != before.Running.Slot || s.Trial != nil {
				return fmt.Sprintf("it runs %s (%s)", s.Running.Profile, s.Running.Slot)
			}
			return ""
		})
		if err != nil {
			return err
		}
		if len(after.Refused) != len(before.Refused) {
			return fmt.Errorf("%d revisions were refused before the power cut, %d are after it", len(before.Refused), len(after.Refused))
		}
		return r.checkpoint(ctx, name)
	}
}
