package kairos

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/kairos-io/kairos-sdk/agentrun"
	"github.com/kairos-io/kairos-sdk/constants"

	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/base/killpoint"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// InstallSpec says what to install where.
type InstallSpec struct {
	// Device is the whole drive, best by a link below /dev/disk/by-id.
	Device string
	// Firmware is what will start the machine from the drive: what started the live system. Default
	// UEFI.
	Firmware Firmware
	// MaxImageSize is the largest image that the layout must have room for; zero is the default.
	MaxImageSize v1alpha1.Size
	// Force permits overwriting an installation.
	Force bool
	// Document is the user-data, one cloud-config text: COS_OEM has it afterwards as the only one,
	// and its keys of Kairos act during the installation. Nil for none.
	Document []byte
	// OEMFiles are further files of COS_OEM, by name.
	OEMFiles map[string][]byte
	// WorkDir holds the configuration, the transcript and the mount points; default
	// /run/stylet/install.
	WorkDir string
	// AgentPath is kairos-agent; default "kairos-agent" in PATH.
	AgentPath string
	// Source is what kairos-agent installs, such as dir:/run/rootfsbase; empty is its own choice,
	// the live system.
	Source string
	// Runner must give OnLine stdout alone, as command.Local does.
	Runner command.Runner
	// Now gives the time of the marks; default time.Now.
	Now func() time.Time
}

// Progress is where an installation stands.
type Progress struct {
	// Step is kairos-agent's name for what begins now, or "verify", or "done".
	Step string
	// Done is the share of the time that has usually passed by then, 0 to 1, and Until that which
	// has when the next step begins.
	Done, Until float64
}

// UsualInstall is the time that an installation took on a slow virtual disk under TCG.
const UsualInstall = 117 * time.Second

const (
	stepVerify = "verify"
	// installTimeout bounds kairos-agent's part, which took 117 s on a slow virtual disk.
	installTimeout = 45 * time.Minute
)

// shares are estimates, from the order of the steps and one installation of 117 s under TCG.
func shares() map[string]float64 {
	return map[string]float64{
		agentrun.StepPartition: 0.02, agentrun.StepBeforeInstall: 0.12, agentrun.StepActive: 0.14,
		agentrun.StepBootloader: 0.60, agentrun.StepRecovery: 0.65, agentrun.StepPassive: 0.78,
		agentrun.StepAfterInstall: 0.90, stepVerify: 0.95, agentrun.StepDone: 1,
	}
}

// progressOf places a step among the shares.
func progressOf(step string) Progress {
	p := Progress{Step: step, Done: shares()[step], Until: 1}
	for _, share := range shares() {
		if share > p.Done {
			p.Until = min(p.Until, share)
		}
	}
	return p
}

// Install marks a drive as begun, installs the running live system on it, verifies what kairos-agent
// did, and last writes the mark of a finished installation and takes the first one away. It can be
// called again after any death: a drive that stylet began, and that nobody has used since, is
// installed anew.
//
// Errors: Refused with install.occupied or CodeDiskTooSmall, before anything is written; Input with
// install.no-device; Retry when kairos-agent fails or its result does not hold up.
func Install(ctx context.Context, spec InstallSpec, progress func(Progress)) error {
	spec.WorkDir = cmp.Or(spec.WorkDir, "/run/stylet/install")
	spec.Firmware = cmp.Or(spec.Firmware, UEFI)
	layout := LayoutFor(spec.MaxImageSize).startedBy(spec.Firmware)
	d, err := spec.check(ctx, layout)
	if err != nil {
		return err
	}
	config, err := encodeInstallConfig(spec.Device, spec.Firmware, layout, spec.Document)
	if err != nil {
		return err
	}
	work, err := durable.Open(spec.WorkDir)
	if err != nil {
		return err
	}
	defer work.Close()
	if err := work.WriteFile("install.yaml", config, 0o600); err != nil {
		return err
	}
	if err := spec.begin(ctx, d); err != nil {
		return err
	}
	if err := spec.runAgent(ctx, progress); err != nil {
		return err
	}
	killpoint.Reach("kairos.installed")
	progress(progressOf(stepVerify))
	if err := spec.finish(ctx, layout); err != nil {
		return fmt.Errorf("verifying the installation on %s: %w", spec.Device, err)
	}
	killpoint.Reach("kairos.finished")
	if err := clearBegan(d.node); err != nil {
		return err
	}
	progress(progressOf(agentrun.StepDone))
	return nil
}

// check refuses before anything is written.
func (s InstallSpec) check(ctx context.Context, layout Layout) (disk, error) {
	// What an earlier call left mounted would make kairos-agent refuse.
	for _, name := range []string{mountState, mountRecovery, mountOEM} {
		if dir := filepath.Join(s.WorkDir, name); mounted(dir) {
			if err := run(ctx, s.Runner, "umount", dir); err != nil {
				return disk{}, err
			}
		}
	}
	d, err := readDisk(ctx, s.Runner, s.Device)
	if err != nil {
		return d, err
	}
	if err := layout.Check(d.size); err != nil || s.Force {
		return d, err
	}
	found, err := d.existing(ctx, s.Runner)
	if err != nil || !found.Occupied() {
		return d, err
	}
	return d, fault.New(fault.Refused, "install.occupied",
		"remove the installer medium to boot what is installed, or set stylet.install.force: true to lose it",
		"the drive %s holds an installation (%s)", s.Device, found)
}

// begin marks the drive before kairos-agent changes anything on it, and takes away the images that
// an earlier attempt has left: from here on, images on COS_STATE were copied by this attempt.
func (s InstallSpec) begin(ctx context.Context, d disk) error {
	if err := writeBegan(d.node, s.now()); err != nil {
		return err
	}
	killpoint.Reach("kairos.began")
	state := d.byLabel[constants.StateLabel]
	if state == "" {
		return nil
	}
	return run(ctx, s.Runner, "wipefs", "--quiet", "--all", state)
}

func (s InstallSpec) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

func (s InstallSpec) runAgent(ctx context.Context, progress func(Progress)) error {
	argv := []string{cmp.Or(s.AgentPath, constants.AgentBinName), "manual-install", "--device", s.Device}
	if s.Source != "" {
		argv = append(argv, "--source", s.Source)
	}
	var told string
	_, err := s.Runner.Run(ctx, command.Spec{
		Name: "kairos-install",
		Argv: append(argv, filepath.Join(s.WorkDir, "install.yaml")),
		// kairos-agent v2.31.4 was seen to lose the descriptor of the disk to the garbage collector
		// while it partitions; a collector that waits for 1 GiB does not run by then.
		Env:        []string{agentrun.EnvProgress + "=1", "HOME=/root", "GOGC=off", "GOMEMLIMIT=1GiB"},
		Timeout:    installTimeout,
		Transcript: filepath.Join(s.WorkDir, "kairos-agent.log"),
		OnLine: func(line string) {
			switch event, ok := agentrun.ParseLine([]byte(line)); {
			case !ok:
			case event.Event == agentrun.EventError:
				told = event.Message
			case event.Event == agentrun.EventStep && event.Step != agentrun.StepDone:
				progress(progressOf(event.Step))
			}
		},
	})
	if err == nil && told != "" {
		err = fmt.Errorf("kairos-agent: %s", told)
	}
	return fault.Wrap(err, fault.Retry, "install.kairos-failed",
		"look at "+filepath.Join(s.WorkDir, "kairos-agent.log"), "installing on %s by kairos-agent%s", s.Device, because(told))
}

func because(told string) string {
	if told == "" {
		return ""
	}
	return " (" + told + ")"
}
