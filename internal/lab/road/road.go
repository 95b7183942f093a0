// Package road is the way of a host that the proofs and the demo walk: from a blank disk and the
// installer's ISO through good and bad profiles, with power cuts between.
package road

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/stylet-edge/stylet/internal/lab/host"
	"github.com/stylet-edge/stylet/internal/lab/phase"
	"github.com/stylet-edge/stylet/internal/lab/process"
	"github.com/stylet-edge/stylet/internal/lab/qemu"
	"github.com/stylet-edge/stylet/internal/lab/reader"
	"github.com/stylet-edge/stylet/internal/lab/registry"
	"github.com/stylet-edge/stylet/internal/lab/shell"
)

// repository is where the profile's tag is, in the registry; the user-data in testdata names it.
const repository = "site/store"

// Facts are what later phases must know of earlier ones. They are kept with the disk.
type Facts struct {
	// Tag is the profile that the host's tag points to.
	Tag string `json:"tag"`
	// Data is the checksum of the file that must survive everything.
	Data string `json:"data"`
	// Verdicts are what the console said of each trial that failed, in whatever boot.
	Verdicts map[string]reader.Verdict `json:"verdicts,omitempty"`
}

// Road is a host on its way.
type Road struct {
	in       Inputs
	dir      string
	report   *phase.Reporter
	registry *registry.Registry
	host     *host.Host
	facts    Facts
	// site is what stands at a difficult site, nil elsewhere.
	site *siteServices
	// inputs is their digest; empty accepts what was kept from others.
	inputs string
}

// Options of a road.
type Options struct {
	Inputs Inputs
	// Dir receives the artefacts.
	Dir    string
	Report *phase.Reporter
	// Relay is the command that connects a guest to the registry, without the address.
	Relay string
	// Firmware starts the machine; default UEFI.
	Firmware qemu.Firmware
	// Site lets the machine stand at a difficult site (see Road.Site), with an ISO of its own.
	Site bool
	// KVM tries whether a guest boots with KVM and uses it then.
	KVM bool
	// Fresh removes the logs of earlier runs.
	Fresh bool
	// AnyInputs resumes also from states that came from other inputs.
	AnyInputs bool
}

// Login of the lab's user-data.
func labLogin() shell.Credentials { return shell.Credentials{User: "root", Password: "stylet"} }

// Open starts the registry and prepares the machine. Close ends both.
func Open(ctx context.Context, o Options) (*Road, error) {
	r := &Road{in: o.Inputs, dir: o.Dir, report: o.Report}
	var err error
	if !o.AnyInputs {
		if r.inputs, err = o.Inputs.Digest(); err != nil {
			return nil, err
		}
		r.inputs += " " + string(o.Firmware) // a disk starts on machines with its firmware only
	}
	if r.registry, err = registry.Start(ctx, filepath.Join(o.Dir, "registry")); err != nil {
		return nil, err
	}
	machine := qemu.Config{CD: o.Inputs.ISO(), Firmware: o.Firmware, Relay: o.Relay + " " + r.registry.Address, Accelerator: qemu.TCG}
	if o.Site {
		machine.Open = true
		if machine.CD, err = r.openSite(ctx, o.Fresh); err != nil {
			r.Close()
			return nil, err
		}
	}
	if o.KVM {
		accelerator, why := qemu.ProbeKVM(ctx, machine)
		o.Report.Say("machines run with %s: %s", accelerator, strings.Join(strings.Fields(why), " "))
		machine.Accelerator = accelerator
	}
	r.host, err = host.New(host.Config{Dir: o.Dir, Machine: machine, Login: labLogin(), Report: o.Report, Fresh: o.Fresh})
	if err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// Close switches the machine off and ends the registry.
func (r *Road) Close() {
	if r.host != nil {
		r.host.Cut()
	}
	if r.site != nil {
		r.site.stop()
	}
	r.registry.Stop()
}

// Host is the machine.
func (r *Road) Host() *host.Host { return r.host }

// Keep implements phase.Keeper.
func (r *Road) Keep(ctx context.Context, name string) error {
	return r.host.Keep(ctx, name, r.inputs, r.facts)
}

// Restore implements phase.Keeper. The host's tag points again to what it did then.
func (r *Road) Restore(ctx context.Context, name string) error {
	if err := r.host.Restore(ctx, name, r.inputs, &r.facts); err != nil {
		return err
	}
	if r.facts.Tag == "" {
		return nil
	}
	return r.push(ctx, r.facts.Tag)
}

// Lost implements phase.Keeper.
func (r *Road) Lost() error { return r.host.Lost() }

// push makes a profile the one that the host should run: by the tag that it follows.
func (r *Road) push(ctx context.Context, name string) error {
	r.report.Say("pushing the profile %s: stylet profile push", name)
	if _, err := r.stylet(ctx, "profile", "push", r.in.Profile(name), r.reference(), "--plain-http"); err != nil {
		return fmt.Errorf("pushing the profile %s: %w", name, err)
	}
	r.facts.Tag = name
	return nil
}

// reference is the profile's, as seen from outside of the machine.
func (r *Road) reference() string { return r.registry.Address + "/" + repository + ":stable" }

// stylet runs the binary under test on this side, as whoever writes profiles does.
func (r *Road) stylet(ctx context.Context, args ...string) (string, error) {
	out, err := process.Output(ctx, append([]string{r.in.Stylet()}, args...)...)
	return strings.TrimSpace(string(out)), err
}

// save writes an artefact as JSON.
func (r *Road) save(name string, value any) error {
	data, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fmt.Errorf("saving %s: %w", name, err)
	}
	return r.saveText(name, string(data)+"\n")
}

func (r *Road) saveText(name, text string) error {
	path := filepath.Join(r.dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
		return fmt.Errorf("saving %s: %w", name, err)
	}
	return nil
}
