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
	// RuntimeDir receives what ends with the boot: where the installation stands, its logs.
	RuntimeDir string
}

const (
	// sayAgain is how often a step that goes on is told again, and lookAgain how often the console learns
	// of it.
	sayAgain, lookAgain = 10 * time.Second, 2 * time.Second
)

// Run probes, installs, and restarts or powers off. It says to the console where it stands, and keeps its
// logs whatever comes of it.
func (i Installer) Run(ctx context.Context) error {
	r, err := i.newRecord()
	if err != nil {
		return err
	}
	defer r.close()
	read, err := i.userData(ctx, r)
	if err != nil {
		return i.failed(ctx, r, err, false)
	}
	settings := read.Site
	i.identify(r, settings)
	found, err := i.probe(ctx, r, settings)
	if err == nil && i.Confirm != nil {
		err = i.confirm(r, found.device)
	}
	if err != nil {
		return i.failed(ctx, r, err, false)
	}
	begun, err := i.install(ctx, r, read, found)
	if err != nil {
		return i.failed(ctx, r, err, begun)
	}
	return i.leave(ctx, r, settings.Install.After)
}

// failed tells why the installation ended and where its logs are.
func (i Installer) failed(ctx context.Context, r *installRecord, err error, begun bool) error {
	err = r.fail(err)
	i.keepLogs(ctx, r, begun)
	return err
}

func (i Installer) confirm(r *installRecord, device string) error {
	r.set(func(s *v1alpha1.InstallStatus) { s.Phase = v1alpha1.InstallAsking })
	yes, err := i.Confirm(device)
	if err == nil && !yes {
		err = fault.New(fault.Refused, "install.not-confirmed", "run it again and type the drive's name", "nothing was written")
	}
	return err
}

// identify says which host this will be. What cannot be read is told when it is written down.
func (i Installer) identify(r *installRecord, s v1alpha1.Site) {
	if id, err := identity.Keep(liveOEM, "/", s.Site); err == nil {
		r.set(func(s *v1alpha1.InstallStatus) { s.HostID = id.ID })
	}
}

// probed is what an installation must know of the machine.
type probed struct {
	device   string
	firmware kairos.Firmware
}

// probe holds the machine against the minimum and gives the drive to install on.
func (i Installer) probe(ctx context.Context, r *installRecord, s v1alpha1.Site) (probed, error) {
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
		r.say(strings.TrimRight(line, "\n"))
	}
	if err := i.keepProbe(table.String(), report); err != nil {
		return probed{}, err
	}
	r.set(func(s *v1alpha1.InstallStatus) { s.Verdict, s.Hardware = string(report.Verdict()), report.Headline() })
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

// install says also whether the drive was touched.
func (i Installer) install(ctx context.Context, r *installRecord, read site.Reading, found probed) (begun bool, err error) {
	host, err := hostRecord(read.Site.Site)
	if err != nil {
		return false, err
	}
	device := found.device
	spec := kairos.InstallSpec{
		Device: device, Firmware: found.firmware, MaxImageSize: read.Site.Install.MaxImageSize, Force: read.Site.Install.Force,
		Document: read.Document, OEMFiles: map[string][]byte{identity.RecordFile: host}, Runner: i.Runner, WorkDir: i.logDir(),
	}
	r.say("installing on " + device)
	r.set(func(s *v1alpha1.InstallStatus) {
		s.Phase, s.Device, s.Left = v1alpha1.InstallInstalling, device, v1alpha1.Duration(kairos.UsualInstall)
	})
	updates := make(chan kairos.Progress)
	ended := make(chan error, 1)
	go func() { ended <- kairos.Install(ctx, spec, func(p kairos.Progress) { updates <- p }) }()
	f := follower{record: r, began: time.Now(), device: device}
	f.already, _ = kairos.Written(device) // without it the screen does not say how much is written
	again, look := time.NewTicker(sayAgain), time.NewTicker(lookAgain)
	defer again.Stop()
	defer look.Stop()
	for {
		select {
		case now := <-updates:
			begun = true
			f.step(now)
			f.say()
		case <-again.C:
			f.say()
		case <-look.C:
			f.look()
		case err := <-ended:
			if err != nil {
				return begun, fmt.Errorf("installing on %s: %w", device, err)
			}
			r.say("installed on " + device)
			return begun, nil
		}
	}
}

// leave restarts into the installed system, or powers off.
func (i Installer) leave(ctx context.Context, r *installRecord, after string) error {
	verb, next := "reboot", "it restarts into the installed system; the installer medium can be removed"
	if after == "poweroff" {
		verb, next = "poweroff", "it powers off; remove the installer medium before it is switched on again"
	}
	r.set(func(s *v1alpha1.InstallStatus) {
		s.Phase, s.Next, s.Done, s.Left = v1alpha1.InstallDone, next, 1, 0
	})
	i.keepLogs(ctx, r, true)
	r.say("done; " + verb)
	if _, err := i.Runner.Run(ctx, command.Spec{Name: "leave", Argv: []string{"systemctl", verb}}); err != nil {
		return r.fail(fmt.Errorf("asking for a %s: %w", verb, err))
	}
	return nil
}
