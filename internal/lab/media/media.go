// Package media shows that an installer's ISO starts a machine in each way in which a person may
// offer it: as a CD and as a USB stick, by UEFI and by BIOS.
package media

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/stylet-edge/stylet/internal/lab/phase"
	"github.com/stylet-edge/stylet/internal/lab/qemu"
)

// Config says what to start.
type Config struct {
	// ISO is the file, Dir the folder for firmware variables and serial logs.
	ISO, Dir string
	Report   *phase.Reporter
}

// wayLimit bounds one start on a slow and busy machine.
const wayLimit = 10 * time.Minute

// started is said by systemd in the initrd when the medium was found by its label and its root image
// is mounted: firmware, boot loader, kernel, and the kernel's own driver of the medium have done
// their work.
var started = regexp.MustCompile(`initrd-switch-root\.target|Switching root|Mounted sysroot`)

// Start starts a machine without a disk in each of the four ways.
func Start(ctx context.Context, c Config) error {
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return fmt.Errorf("making the folder of the logs: %w", err)
	}
	for _, firmware := range []qemu.Firmware{qemu.UEFI, qemu.BIOS} {
		for _, stick := range []bool{false, true} {
			if err := c.way(ctx, firmware, stick); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c Config) way(ctx context.Context, firmware qemu.Firmware, stick bool) error {
	medium := "cd"
	if stick {
		medium = "stick"
	}
	name := string(firmware) + "-" + medium
	log, err := os.OpenFile(filepath.Join(c.Dir, name+".log"), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o644)
	if err != nil {
		return fmt.Errorf("opening the serial log: %w", err)
	}
	defer log.Close()
	vars := filepath.Join(c.Dir, "firmware.vars")
	if err := qemu.FreshVars(vars); err != nil {
		return err
	}
	took, err := c.boot(ctx, qemu.Config{CD: c.ISO, Stick: stick, Firmware: firmware, Vars: vars}, log)
	if err != nil {
		return fmt.Errorf("starting from the %s by %s (see %s): %w", medium, firmware, log.Name(), err)
	}
	c.Report.Say("%s, %s: the live system is mounted, %s after power-on", firmware, medium, took.Round(time.Second))
	return nil
}

func (c Config) boot(ctx context.Context, machine qemu.Config, log io.Writer) (time.Duration, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, wayLimit, fmt.Errorf("not seen within %s", wayLimit))
	defer cancel()
	boot, err := qemu.Start(ctx, machine, log)
	if err != nil {
		return 0, err
	}
	defer boot.Cut()
	if _, err := boot.Console.WaitFor(ctx, 0, started); err != nil {
		return 0, fmt.Errorf("%w; the console's last lines:\n%s", err, boot.Console.Tail(20))
	}
	return time.Since(boot.Began), nil
}
