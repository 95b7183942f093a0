// Package nspawn runs a whole host in systemd-nspawn: the real systemd as its first process, the
// real stylet-agent.service with its sandbox, real loop devices and file systems, slots and boot
// environment. Only the boot loader (kairos.NextBoot decides), immucore (a script) and kairos-agent
// (a stand-in that plays its renames) are not the real ones; QEMU's tier has those. What it is for:
// a boot takes two seconds instead of sixty, so hundreds of deaths can be tried.
//
// A power cut here takes every process at once. It loses nothing that was written; losing what was
// not synced is the QEMU tier's job.
package nspawn

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/stylet-edge/stylet/internal/kairos"
	"github.com/stylet-edge/stylet/internal/lab/process"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

//go:embed root/boot.sh
var bootScript string

//go:embed root/init.sh
var initScript string

// Machine is a host with its disks.
type Machine struct {
	dir string
	// Env is set for the container's first process, and so for units with PassEnvironment.
	Env []string

	console *os.File
	stop    context.CancelFunc
	done    chan struct{}

	mu    sync.Mutex
	power *process.Process // the present boot
	boots []Boot
	err   error
}

// Boot is one boot of the machine, as the boot loader decided it.
type Boot struct {
	Slot v1alpha1.Slot
	Env  kairos.BootEnv // as the boot loader left it
	// LeakedLoops counts loop devices over files of the disks that were in use when it ended.
	LeakedLoops int
	// End says how it ended.
	End string
}

// Install makes a machine in dir (removed and made anew), with the system as its installer's image.
func Install(ctx context.Context, dir string, s System, userData string) (*Machine, error) {
	m := &Machine{dir: dir}
	for _, sub := range []string{"run", "lab"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return nil, fmt.Errorf("making the machine: %w", err)
		}
	}
	for name, text := range map[string]string{"boot.sh": bootScript, "lab/init": initScript} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			return nil, fmt.Errorf("making the machine: %w", err)
		}
	}
	if err := m.install(ctx, s, userData); err != nil {
		return nil, fmt.Errorf("installing the machine: %w", err)
	}
	console, err := os.OpenFile(m.ConsoleLog(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("making the machine: %w", err)
	}
	m.console = console
	return m, nil
}

// ConsoleLog is the file with all that the machine wrote to its console, its journal included.
func (m *Machine) ConsoleLog() string { return filepath.Join(m.dir, "console.log") }

// LabDir is a directory of the host that the machine sees as /run/lab.
func (m *Machine) LabDir() string { return filepath.Join(m.dir, "lab") }

// Start switches the machine on. It boots again whenever it reboots or its power is cut, until
// Stop, or until a boot ends in another way.
func (m *Machine) Start(ctx context.Context) {
	ctx, m.stop = context.WithCancel(ctx)
	m.done = make(chan struct{})
	go func() {
		defer close(m.done)
		for ctx.Err() == nil {
			if err := m.boot(ctx); err != nil {
				m.mu.Lock()
				m.err = err
				m.mu.Unlock()
				return
			}
		}
	}()
}

// rebooted is nspawn's exit status when the machine asked for a reboot.
const rebooted = 133

// boot runs one boot to its end. It returns an error when the machine must not be started again.
func (m *Machine) boot(ctx context.Context) error {
	boot, err := m.load(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(m.console, "\n=== boot %d: %s, %+v\n", len(m.Boots())+1, boot.Slot, boot.Env)
	p, err := process.Start(process.Spec{
		Argv: m.argv(boot.Slot), Env: m.environment(boot), Stdout: m.console, Stderr: m.console,
	})
	if err != nil {
		return err
	}
	m.mu.Lock()
	m.power, m.boots = p, append(m.boots, boot)
	m.mu.Unlock()
	select {
	case <-p.Done():
	case <-ctx.Done():
		p.Kill()
	}
	leaked, err := m.settled(context.WithoutCancel(ctx))
	m.mu.Lock()
	defer m.mu.Unlock()
	last := &m.boots[len(m.boots)-1]
	last.LeakedLoops = leaked
	switch code := process.ExitCode(p.Err()); {
	case err != nil:
		return err
	case code == rebooted:
		last.End = "reboot"
	case ctx.Err() != nil || m.power == nil:
		last.End = "power cut"
	default:
		return fmt.Errorf("the container ended: %w (see %s)", p.Err(), m.ConsoleLog())
	}
	m.power = nil
	return nil
}

// load is the boot loader: it reads the boot environment, decides, and writes it back.
func (m *Machine) load(ctx context.Context) (Boot, error) {
	block, err := m.readFile(ctx, stateDisk, "/"+kairos.EnvFile)
	if err != nil {
		return Boot{}, err
	}
	env, err := kairos.ParseBootEnv(block)
	if err != nil {
		return Boot{}, err
	}
	slot, next := kairos.NextBoot(env)
	if block, err = next.Encode(); err != nil {
		return Boot{}, err
	}
	return Boot{Slot: slot, Env: next}, m.overwriteBlock(ctx, stateDisk, "/"+kairos.EnvFile, block)
}

// argv starts a boot in namespaces of its own: mounts, so that nothing is left on the host; process
// IDs, so that the death of the first process takes all with it; time, so that /proc/uptime counts
// from this boot.
func (m *Machine) argv(slot v1alpha1.Slot) []string {
	up := strconv.Itoa(int(uptime()))
	return []string{
		"unshare", "--mount", "--pid", "--time", "--boottime=-" + up, "--monotonic=-" + up, "--fork", "--kill-child",
		"sh", filepath.Join(m.dir, "boot.sh"), string(slot),
	}
}

func (m *Machine) environment(boot Boot) []string {
	label := "COS_ACTIVE"
	if boot.Slot == v1alpha1.SlotPassive {
		label = "COS_PASSIVE"
	}
	var set []string
	for _, e := range m.Env {
		set = append(set, "--setenv="+e)
	}
	return []string{
		"DIR=" + m.dir, "LABEL=" + label, "TRIAL=" + kairos.TrialArgument(boot.Slot, boot.Env),
		"NSPAWN_SETENV=" + strings.Join(set, " "),
	}
}

// Cut takes the machine's power away and gives it back.
func (m *Machine) Cut() {
	m.mu.Lock()
	p := m.power
	m.power = nil
	m.mu.Unlock()
	if p != nil {
		p.Kill()
	}
}

// Stop switches the machine off for good and gives the error that ended it before, if any.
func (m *Machine) Stop() error {
	m.stop()
	<-m.done
	return errors.Join(m.Err(), m.console.Close())
}

// Err is why the machine does not run any more, nil while it does.
func (m *Machine) Err() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.err
}

// Boots gives the boots so far; the last one may be going on.
func (m *Machine) Boots() []Boot {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]Boot(nil), m.boots...)
}
