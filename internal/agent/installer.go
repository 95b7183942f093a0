package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/base/version"
	"github.com/stylet-edge/stylet/internal/hardware"
	"github.com/stylet-edge/stylet/internal/identity"
	"github.com/stylet-edge/stylet/internal/kairos"
	"github.com/stylet-edge/stylet/internal/site"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Installer is `stylet install`: the loop's one redoable step in the live system. Actual is "no
// installed system", and the mark that it is complete is written last, by kairos.Install.
type Installer struct {
	Runner command.Runner
	// UserData are files that decide instead of the user-data of this machine's boot medium, its
	// cidata volume and /run. What they say goes to the installed host.
	UserData []string
	// Fetch follows config_url; nil is by http with the proxy and the authorities of this system,
	// which has the site's own from the rest of its user-data (LiveSite).
	Fetch site.Fetch
	// Confirm asks a person before the drive is written; nil asks nobody.
	Confirm func(device string) (bool, error)
	// Say tells a person what happens.
	Say func(format string, args ...any)
}

// sayAgain is how often a step that goes on is told again.
const sayAgain = 10 * time.Second

// Run probes, installs, and restarts or powers off.
func (i Installer) Run(ctx context.Context) error {
	read, err := i.userData(ctx)
	if err != nil {
		return err
	}
	settings := read.Site
	found, err := i.probe(ctx, settings)
	if err != nil {
		return err
	}
	device := found.device
	if i.Confirm != nil {
		yes, err := i.Confirm(device)
		if err != nil {
			return err
		}
		if !yes {
			return fault.New(fault.Refused, "install.not-confirmed", "run it again and type the drive's name", "nothing was written")
		}
	}
	if err := i.install(ctx, read, found); err != nil {
		return err
	}
	return i.leave(ctx, settings.Install.After)
}

// probed is what an installation must know of the machine.
type probed struct {
	device   string
	firmware kairos.Firmware
}

// probe holds the machine against the minimum and gives the drive to install on.
func (i Installer) probe(ctx context.Context, s v1alpha1.Site) (probed, error) {
	facts, err := hardware.Collect(ctx, hardware.Options{Root: "/", Runner: i.Runner})
	if err != nil {
		return probed{}, fmt.Errorf("probing the hardware: %w", err)
	}
	if err := i.markUnfinished(ctx, facts); err != nil {
		return probed{}, err
	}
	report := hardware.Judge(facts, s, version.Released())
	var table strings.Builder
	if err := report.WriteTable(&table); err != nil {
		return probed{}, err
	}
	for line := range strings.Lines(table.String()) {
		i.Say("%s", strings.TrimRight(line, "\n"))
	}
	if err := report.Refusal(); err != nil {
		return probed{}, err
	}
	if report.MainDrive.Drive == nil {
		return probed{}, fault.New(fault.Refused, "drive.choice", "name one with stylet.install.device", "no main drive: %s", report.MainDrive.Reason)
	}
	found := probed{device: report.MainDrive.Drive.Device(), firmware: kairos.UEFI}
	if facts.Firmware.Mode == hardware.BIOS {
		found.firmware = kairos.BIOS
	}
	return found, nil
}

// markUnfinished tells the probe which installations are stylet's own and were cut off by a power
// cut: labels alone cannot say it, and such a machine must install itself again without a visit.
func (i Installer) markUnfinished(ctx context.Context, facts hardware.Facts) error {
	for n, drive := range facts.Drives {
		if len(drive.InstallationLabels()) == 0 {
			continue
		}
		found, err := kairos.LookForExisting(ctx, i.Runner, drive.Path)
		if err != nil {
			return fmt.Errorf("looking at the installation on %s: %w", drive.Path, err)
		}
		facts.Drives[n].Unfinished = !found.Occupied()
	}
	return nil
}

// hostRecord is who this host is: in the live system, where its ID may have been read off the screen, and
// in the installed one.
func hostRecord(place v1alpha1.Place) ([]byte, error) {
	record, err := identity.Keep(liveOEM, "/", place)
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(record)
	if err != nil {
		return nil, fmt.Errorf("writing who the host is: %w", err)
	}
	return data, nil
}

// liveOEM is where a live system has what an installed one has on COS_OEM. It ends with the boot.
const liveOEM = "/oem"

func (i Installer) install(ctx context.Context, read site.Reading, found probed) error {
	record, err := hostRecord(read.Site.Site)
	if err != nil {
		return err
	}
	spec := kairos.InstallSpec{
		Device: found.device, Firmware: found.firmware, MaxImageSize: read.Site.Install.MaxImageSize, Force: read.Site.Install.Force,
		Document: read.Document, OEMFiles: map[string][]byte{identity.RecordFile: record}, Runner: i.Runner,
	}
	i.Say("installing on %s", found.device)
	updates := make(chan kairos.Progress)
	ended := make(chan error, 1)
	go func() { ended <- kairos.Install(ctx, spec, func(p kairos.Progress) { updates <- p }) }()
	tick := time.NewTicker(sayAgain)
	defer tick.Stop()
	var now kairos.Progress
	for {
		select {
		case now = <-updates:
		case <-tick.C:
		case err := <-ended:
			if err != nil {
				return fmt.Errorf("installing on %s: %w", found.device, err)
			}
			i.Say("installed on %s", found.device)
			return nil
		}
		i.Say("%3.0f%%  %s", now.Done*100, now.Step)
	}
}

// leave restarts into the installed system, or powers off.
func (i Installer) leave(ctx context.Context, after string) error {
	verb := "reboot"
	if after == "poweroff" {
		verb = "poweroff"
	}
	i.Say("done; %s", verb)
	if _, err := i.Runner.Run(ctx, command.Spec{Name: "leave", Argv: []string{"systemctl", verb}}); err != nil {
		return fmt.Errorf("asking for a %s: %w", verb, err)
	}
	return nil
}
