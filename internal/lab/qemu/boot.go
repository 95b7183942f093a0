package qemu

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/stylet-edge/stylet/internal/lab/process"
)

// Ending is why a boot ended.
type Ending string

// The endings. Reboot covers a panic too: the kernel reboots after panic= seconds, and only the
// console tells the difference.
const (
	Reboot   Ending = "reboot"
	PowerOff Ending = "power off"
	Watchdog Ending = "watchdog reset"
	Cut      Ending = "power cut"
	Crash    Ending = "crash of QEMU"
)

// connectTime bounds the time until QEMU has opened its console and monitor.
const connectTime = 20 * time.Second

// Boot is one run of the machine, from power-on to its end.
type Boot struct {
	// Console is the serial line.
	Console *Console
	// Began is the moment of power-on.
	Began time.Time

	process *process.Process
	monitor *monitor
	stderr  *bytes.Buffer
	dir     string

	mu     sync.Mutex
	ending Ending
	ended  chan struct{}
}

// Start switches the machine on. log receives the console's lines, each with the seconds since
// power-on; it may be nil.
func Start(ctx context.Context, config Config, log io.Writer) (*Boot, error) {
	// A short path: the name of a unix socket has at most 107 bytes.
	dir, err := os.MkdirTemp("", "stylet-qemu-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for QEMU's sockets: %w", err)
	}
	b := &Boot{Began: time.Now(), stderr: &bytes.Buffer{}, dir: dir, ended: make(chan struct{})}
	b.Console = NewConsole(b.Began, log)
	if err := b.start(ctx, config); err != nil {
		_ = os.RemoveAll(dir)
		return nil, fmt.Errorf("starting the machine: %w", err)
	}
	return b, nil
}

func (b *Boot) start(ctx context.Context, config Config) error {
	s := sockets{console: filepath.Join(b.dir, "console"), monitor: filepath.Join(b.dir, "monitor")}
	console, err := net.Listen("unix", s.console)
	if err != nil {
		return err
	}
	defer console.Close()
	mon, err := net.Listen("unix", s.monitor)
	if err != nil {
		return err
	}
	defer mon.Close()
	if b.process, err = process.Start(process.Spec{Argv: config.args(s), Stderr: b.stderr}); err != nil {
		return err
	}
	if err := b.connect(ctx, console, mon); err != nil {
		b.process.Kill()
		return fmt.Errorf("%w (QEMU said: %s)", err, bytes.TrimSpace(b.stderr.Bytes()))
	}
	go b.wait()
	return nil
}

// connect accepts QEMU's two connections and wakes up the monitor.
func (b *Boot) connect(ctx context.Context, console, mon net.Listener) error {
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	go func() { // ends the two Accepts when QEMU cannot start
		select {
		case <-ctx.Done():
		case <-b.process.Done():
		}
		console.Close()
		mon.Close()
	}()
	serial, err := console.Accept()
	if err != nil {
		return errors.Join(fmt.Errorf("waiting for QEMU's console: %w", err), context.Cause(ctx))
	}
	control, err := mon.Accept()
	if err != nil {
		return errors.Join(fmt.Errorf("waiting for QEMU's monitor: %w", err), context.Cause(ctx))
	}
	b.Console.attach(serial)
	b.monitor = newMonitor(control, b.onEvent)
	return b.monitor.do(ctx, "qmp_capabilities", nil)
}

// onEvent keeps the first reason for the end: a watchdog's reset reports itself first, and as a
// reset afterwards.
func (b *Boot) onEvent(e event) {
	switch e.Name {
	case "WATCHDOG":
		b.endedBy(Watchdog)
	case "SHUTDOWN":
		var data struct {
			Reason string `json:"reason"`
		}
		_ = json.Unmarshal(e.Data, &data) // an unknown form is an unknown reason
		switch data.Reason {
		case "guest-reset":
			b.endedBy(Reboot)
		case "guest-shutdown":
			b.endedBy(PowerOff)
		}
	}
}

func (b *Boot) endedBy(reason Ending) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ending == "" {
		b.ending = reason
	}
}

func (b *Boot) wait() {
	<-b.process.Done()
	<-b.monitor.closed
	b.Console.wait()
	b.endedBy(Crash) // unless a reason is known
	_ = os.RemoveAll(b.dir)
	close(b.ended)
}

// Ended is closed when the machine is off.
func (b *Boot) Ended() <-chan struct{} { return b.ended }

// Wait waits until the machine is off, and says why it is.
func (b *Boot) Wait(ctx context.Context) (Ending, error) {
	select {
	case <-b.ended:
	case <-ctx.Done():
		return "", fmt.Errorf("waiting for the end of the boot: %w", context.Cause(ctx))
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ending == Crash {
		return Crash, fmt.Errorf("QEMU ended without a reason (%w): %s", b.process.Err(), bytes.TrimSpace(b.stderr.Bytes()))
	}
	return b.ending, nil
}

// Cut takes the power away. It returns when the machine is off; cutting it again does nothing.
func (b *Boot) Cut() {
	b.endedBy(Cut)
	b.process.Kill()
	<-b.ended
}

// PressPower presses the power button: the guest shuts down in its own time.
func (b *Boot) PressPower(ctx context.Context) error {
	return b.monitor.do(ctx, "system_powerdown", nil)
}

// Snapshot freezes the disk's file as it is at this instant and goes on in a new overlay file.
// What the frozen file holds is what a power cut at this instant would leave.
func (b *Boot) Snapshot(ctx context.Context, overlay string) error {
	return b.monitor.do(ctx, "blockdev-snapshot-sync", map[string]any{
		"device": "disk", "snapshot-file": overlay, "format": "qcow2",
	})
}

// Screenshot writes what the machine's screen shows to a file, as PNG.
func (b *Boot) Screenshot(ctx context.Context, file string) error {
	return b.monitor.do(ctx, "screendump", map[string]any{"filename": file, "format": "png"})
}

// Pid is the id of the QEMU process.
func (b *Boot) Pid() int { return b.process.Pid() }
