package road

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/stylet-edge/stylet/internal/hardware"
	"github.com/stylet-edge/stylet/internal/lab/qemu"
	"github.com/stylet-edge/stylet/internal/lab/reader"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// install boots the ISO on a blank machine and waits for its own reboot.
func (r *Road) install(ctx context.Context) error {
	if err := r.host.Blank(ctx); err != nil {
		return err
	}
	if err := r.host.PowerOn(ctx, "install", false); err != nil {
		return err
	}
	stop := r.relayLines(ctx, installerLine)
	err := r.ends(ctx, qemu.Reboot)
	stop()
	if err != nil {
		return fmt.Errorf("installing: %w", err)
	}
	said := r.host.Said()
	if err := errors.Join(reader.CheckProbe(said), reader.CheckScreen(said)); err != nil {
		return err
	}
	return r.saveText("install.txt", strings.Join(installerLines(said), "\n")+"\n")
}

// installerLine is what stylet-install.service says on the console.
var installerLine = regexp.MustCompile(`stylet\[\d+\]: stylet-install +(\S.*\S)`)

func installerLines(said string) []string {
	var lines []string
	for _, m := range installerLine.FindAllStringSubmatch(said, -1) {
		lines = append(lines, m[1])
	}
	return lines
}

// hears waits until the console says something, and fails after the limit.
func (r *Road) hears(ctx context.Context, pattern *regexp.Regexp, limit time.Duration) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("not seen within %s", limit))
	defer cancel()
	_, err := r.host.Boot().Console.WaitFor(ctx, 0, pattern)
	return err
}

// relayLines passes on the console's lines that match, until stop is called or the machine goes off.
func (r *Road) relayLines(ctx context.Context, pattern *regexp.Regexp) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	console := r.host.Boot().Console
	whole := regexp.MustCompile(pattern.String() + `\n`)
	go func() {
		defer close(done)
		for from := 0; ; {
			match, err := console.WaitFor(ctx, from, whole)
			if err != nil {
				return
			}
			from = match.End
			r.report.Say("%s", match.Groups[1])
		}
	}()
	return func() { cancel(); <-done }
}

// firstStatusLimit bounds the time from power-on to a first status. The login alone may take six minutes.
const firstStatusLimit = 8 * time.Minute

// firstBoot boots the installed system: nothing is in the registry yet.
func (r *Road) firstBoot(ctx context.Context) error {
	if err := r.boot(ctx, "first-boot"); err != nil {
		return err
	}
	_, err := r.await(ctx, firstStatusLimit, func(s v1alpha1.HostStatus) string {
		switch {
		case s.Running.Slot != v1alpha1.SlotActive:
			return "it runs " + string(s.Running.Slot)
		case s.Running.Image != "":
			return "it runs an image that nobody composed"
		}
		return ""
	})
	if err != nil {
		return err
	}
	return r.checkpoint(ctx, "first-boot")
}

// refusalLimit bounds the time from power-on to the installer's refusal. The live system and its probe
// take about four minutes where processors are emulated.
const refusalLimit = 12 * time.Minute

// occupied is the line with which the installer ends on a drive that holds an installation: the error
// of the probe, as cmd/stylet prints it and stylet-install.service passes it on to the console.
func occupied() *regexp.Regexp {
	return regexp.MustCompile(`stylet\[\d+\]: (stylet: .*\[` + regexp.QuoteMeta(hardware.CodeDriveOccupied) + `\])\n`)
}

// awaitRefusal waits until the installer says on the console that it refuses the drive for what it
// holds, and gives its words. The failure to do so carries what it said instead.
func awaitRefusal(ctx context.Context, console *qemu.Console, limit time.Duration) (string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("not seen within %s", limit))
	defer cancel()
	refusal, err := console.WaitFor(ctx, 0, occupied())
	if err != nil {
		return "", fmt.Errorf("the installer did not refuse the installed disk: %w; its last lines:\n%s",
			err, lastWords(console.Since(0)))
	}
	return refusal.Groups[1], nil
}

// styletLine is any line of the installer's process on the console.
var styletLine = regexp.MustCompile(`stylet\[\d+\]: .*`)

// lastWords are the installer's last lines on the console.
func lastWords(said string) string {
	const most = 15
	lines := styletLine.FindAllString(said, -1)
	if len(lines) == 0 {
		return "(it said nothing)"
	}
	return strings.Join(lines[max(0, len(lines)-most):], "\n")
}

// reinstall boots the installer on the installed disk.
func (r *Road) reinstall(ctx context.Context) error {
	r.host.Cut()
	before, err := r.host.Freeze(ctx)
	if err != nil {
		return err
	}
	if err := r.host.PowerOn(ctx, "reinstall", true); err != nil {
		return err
	}
	stop := r.relayLines(ctx, installerLine)
	refusal, err := awaitRefusal(ctx, r.host.Boot().Console, refusalLimit)
	stop()
	if err != nil {
		return err
	}
	r.report.Say("the installer says: %s", refusal)
	r.host.Cut()
	after, err := r.host.Freeze(ctx)
	if err != nil {
		return err
	}
	same, err := qemu.SameContent(ctx, before, after)
	if err != nil {
		return err
	}
	if !same {
		return errors.New("the refused installation changed the disk")
	}
	return nil
}
