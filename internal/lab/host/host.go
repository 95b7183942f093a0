// Package host is the machine of a proof over all of its boots: its disk, its firmware variables,
// its log of every boot, and the login at its console.
package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/stylet-edge/stylet/internal/lab/phase"
	"github.com/stylet-edge/stylet/internal/lab/qemu"
	"github.com/stylet-edge/stylet/internal/lab/shell"
)

// Config describes a host.
type Config struct {
	// Dir receives everything that is kept: disks, firmware variables, serial logs.
	Dir string
	// Machine is the machine without disk and firmware, which the host brings.
	Machine qemu.Config
	// Login is asked for at the console of the installed system.
	Login shell.Credentials
	// Report is told about every boot and its end.
	Report *phase.Reporter
	// Fresh removes the serial logs of earlier runs; else the boots are counted on.
	Fresh bool
}

// DiskBytes is the size of the disk: the least that the probe accepts without a warning.
const DiskBytes = 100_000_000_000

// Limits of single waits, on slow and busy machines: what takes longer will not come.
const (
	loginLimit = 6 * time.Minute
	// quickLimit bounds a question to a running system.
	quickLimit = 2 * time.Minute
)

// Host is a machine with its disk. Its methods are for one goroutine.
type Host struct {
	config Config
	disk   string // the file that the machine writes to
	count  int    // of disk files
	boots  int
	boot   *qemu.Boot
	log    *os.File
	shell  *shell.Shell
}

// New makes a host without a disk: call Blank or Restore next.
func New(config Config) (*Host, error) {
	for _, dir := range []string{"state", "serial"} {
		if err := os.MkdirAll(filepath.Join(config.Dir, dir), 0o755); err != nil {
			return nil, fmt.Errorf("making the host's folders: %w", err)
		}
	}
	if config.Fresh {
		if err := EmptyDir(filepath.Join(config.Dir, "serial")); err != nil {
			return nil, err
		}
	}
	logs, err := filepath.Glob(filepath.Join(config.Dir, "serial", "*.log"))
	if err != nil {
		return nil, fmt.Errorf("counting the host's boots: %w", err)
	}
	config.Machine.Vars = filepath.Join(config.Dir, "state", "firmware.vars")
	config.Machine.DiskSerial = "STYLET-LAB-0001"
	return &Host{config: config, boots: len(logs)}, nil
}

// Blank gives the host an empty disk and fresh firmware, and forgets all that was kept before.
func (h *Host) Blank(ctx context.Context) error {
	if err := h.forget(); err != nil {
		return err
	}
	return qemu.CreateDisk(ctx, h.disk, DiskBytes)
}

// Adopt gives the host a disk that starts as a raw disk file is, which must not change any more,
// and fresh firmware, and forgets all that was kept before.
func (h *Host) Adopt(ctx context.Context, raw string) error {
	if err := h.forget(); err != nil {
		return err
	}
	return qemu.CreateOverlay(ctx, h.disk, raw, "raw")
}

func (h *Host) forget() error {
	h.Cut()
	if err := EmptyDir(filepath.Join(h.config.Dir, "state")); err != nil {
		return err
	}
	h.count = 0
	h.disk = h.diskFile()
	return qemu.FreshVars(h.config.Machine.Vars)
}

// EmptyDir makes a folder of a lab, or empties it.
func EmptyDir(path string) error {
	if err := errors.Join(os.RemoveAll(path), os.MkdirAll(path, 0o755)); err != nil {
		return fmt.Errorf("emptying a folder of the lab: %w", err)
	}
	return nil
}

func (h *Host) diskFile() string {
	h.count++
	return filepath.Join(h.config.Dir, "state", fmt.Sprintf("disk-%03d.qcow2", h.count))
}

// PowerOn switches the machine on. what names the boot in the log's name. The CD is inserted;
// fromCD boots it although the disk may be bootable.
func (h *Host) PowerOn(ctx context.Context, what string, fromCD bool) error {
	h.Cut()
	if h.log != nil {
		h.log.Close()
	}
	h.boots++
	name := filepath.Join(h.config.Dir, "serial", fmt.Sprintf("%02d-%s.log", h.boots, what))
	log, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o644)
	if err != nil {
		return fmt.Errorf("opening the serial log: %w", err)
	}
	machine := h.config.Machine
	machine.Disk, machine.CDFirst = h.disk, fromCD
	if !fromCD && h.count > 1 {
		machine.CD = "" // only a blank disk falls through to it
	}
	h.boot, err = qemu.Start(ctx, machine, log)
	if err != nil {
		log.Close()
		return err
	}
	h.log, h.shell = log, nil
	h.config.Report.Say("power on (boot %d, QEMU is process %d, serial line in %s)", h.boots, h.boot.Pid(), name)
	go tellBoot(ctx, h.boot, h.config.Report)
	go endLost(ctx, h.boot)
	return nil
}

// spins is the sign of a guest that the emulator has lost. When Linux changes its own code it puts a
// breakpoint over it for a moment. QEMU 7.2's translator with a thread per processor may keep the
// breakpoint after it is gone; that processor then runs into it for ever, and the other one reports
// a stall with this function on its stack. No real processor does that.
const spins = "asm_exc_int3+"

// endLost takes the power from a machine that the emulator has lost: what waits for it need not wait
// for its limit.
func endLost(ctx context.Context, boot *qemu.Boot) {
	tick := time.NewTicker(5 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-boot.Ended():
			return
		case <-tick.C:
			if spinning(boot.Console.Since(0)) {
				boot.Cut()
				return
			}
		}
	}
}

func spinning(said string) bool {
	return strings.Contains(said, spins) && strings.Contains(said, "detected stalls on CPUs")
}

// Lost says that the present or last boot failed by the emulator's fault; nil if it did not.
func (h *Host) Lost() error {
	if !spinning(h.Said()) {
		return nil
	}
	return errors.New("the emulator lost the machine: a processor spins in a breakpoint that is not there any more")
}

// stages are what a boot says on its way.
func stages() []stage {
	return []stage{
		{regexp.MustCompile(`GNU GRUB`), "the boot loader runs"},
		{regexp.MustCompile(`Linux version`), "the kernel runs"},
		{regexp.MustCompile(`initrd-switch-root\.target|Switching root`), "the initrd has mounted the system"},
		{regexp.MustCompile(`Reached target multi-user\.target|login:|Press Enter to log in`), "the system is up"},
	}
}

type stage struct {
	pattern *regexp.Regexp
	says    string
}

// tellBoot passes the stages of a boot on to the reporter. It ends with the last, or the boot.
func tellBoot(ctx context.Context, boot *qemu.Boot, report *phase.Reporter) {
	from := 0
	for _, s := range stages() {
		match, err := boot.Console.WaitFor(ctx, from, s.pattern)
		if err != nil {
			return // the machine is off, or the run is over: others report that
		}
		from = match.End
		report.Say("%s, %s after power-on", s.says, time.Since(boot.Began).Round(time.Second))
	}
}

// On tells whether the machine is on.
func (h *Host) On() bool {
	if h.boot == nil {
		return false
	}
	select {
	case <-h.boot.Ended():
		return false
	default:
		return true
	}
}

// Boot is the present or the last boot, nil before the first.
func (h *Host) Boot() *qemu.Boot { return h.boot }

// Cut takes the power away, if the machine is on.
func (h *Host) Cut() {
	if h.On() {
		h.boot.Cut()
		h.config.Report.Say("power cut")
	}
}

// AwaitEnd waits until the machine goes off by itself, and says why it did.
func (h *Host) AwaitEnd(ctx context.Context) (qemu.Ending, error) {
	if h.boot == nil {
		return "", errors.New("waiting for the end of a boot: there was none")
	}
	ending, err := h.boot.Wait(ctx)
	if err != nil {
		return "", err
	}
	h.config.Report.Say("the machine went off: %s, %s after power-on", ending, time.Since(h.boot.Began).Round(time.Second))
	return ending, nil
}

// Guest gives a shell in the running system, after logging in when that is still to be done. The
// machine must be on.
func (h *Host) Guest(ctx context.Context) (*shell.Shell, error) {
	if !h.On() {
		return nil, fmt.Errorf("logging in: %w", qemu.ErrConsoleClosed)
	}
	if h.shell != nil {
		return h.shell, nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, loginLimit, fmt.Errorf("no login within %s", loginLimit))
	defer cancel()
	sh, err := shell.Login(ctx, h.boot.Console, h.config.Login)
	if err != nil {
		return nil, err
	}
	h.config.Report.Say("logged in, %s after power-on", time.Since(h.boot.Began).Round(time.Second))
	h.shell = sh
	return sh, nil
}

// Output runs a short command in the guest that must succeed.
func (h *Host) Output(ctx context.Context, command string) (string, error) {
	guest, err := h.Guest(ctx)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, quickLimit, fmt.Errorf("no answer within %s", quickLimit))
	defer cancel()
	return guest.Output(ctx, command)
}

// Release logs out, so that a person can log in.
func (h *Host) Release() error {
	if h.shell == nil || !h.On() {
		return nil
	}
	sh := h.shell
	h.shell = nil
	return sh.Logout()
}

// Said is what the console of the present or last boot has said since power-on.
func (h *Host) Said() string {
	if h.boot == nil {
		return ""
	}
	return h.boot.Console.Since(0)
}

// LastWords are the last lines on the console, for a report of a failure.
func (h *Host) LastWords(lines int) string {
	if h.boot == nil {
		return "(the machine was never on)"
	}
	return h.boot.Console.Tail(lines)
}
