package road

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/stylet-edge/stylet/internal/lab/qemu"
	"github.com/stylet-edge/stylet/internal/lab/reader"
	"github.com/stylet-edge/stylet/internal/lab/registry"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// commitLimit bounds the time from a login to a committed trial.
const commitLimit = 8 * time.Minute

// dataFile is what must survive everything: on the persistent partition, beside stylet's own.
const dataFile = "/usr/local/store-data"

// v1 is the first profile: most of what there is to download and to write.
func (r *Road) v1(ctx context.Context) error {
	mark := r.registry.Mark()
	if err := r.upgrade(ctx, "v1", "1.0.0"); err != nil {
		return err
	}
	if err := r.checkpoint(ctx, "v1"); err != nil {
		return err
	}
	if err := r.imageIsLarge(ctx); err != nil {
		return err
	}
	if err := r.servedOnce(ctx, mark); err != nil {
		return err
	}
	sum, err := r.host.Output(ctx, "head -c 32M /dev/urandom >"+dataFile+" && sync "+dataFile+" && sha256sum <"+dataFile)
	r.facts.Data = strings.Fields(sum + " -")[0]
	return err
}

// upgrade pushes a good profile and waits until the host has proved it.
func (r *Road) upgrade(ctx context.Context, name, version string) error {
	if err := r.switchTo(ctx, name); err != nil {
		return err
	}
	if err := r.boot(ctx, name); err != nil {
		return err
	}
	status, err := r.await(ctx, commitLimit, committed(version))
	if err != nil {
		return err
	}
	if d := reader.ParseDecision(r.host.Said()); d.Try != 1 || d.Trial != status.Running.Revision.Short() {
		return fmt.Errorf("GRUB said %+v, expected the first try of %s", d, status.Running.Revision.Short())
	}
	return nil
}

// switchTo pushes a profile and follows the running host until it reboots into the image.
func (r *Road) switchTo(ctx context.Context, name string) error {
	if !r.host.On() {
		if err := r.boot(ctx, "before-"+name); err != nil {
			return err
		}
		if _, err := r.host.Guest(ctx); err != nil {
			return err
		}
	}
	if err := r.push(ctx, name); err != nil {
		return err
	}
	if err := r.watch(ctx, qemu.Reboot); err != nil {
		return fmt.Errorf("switching to the image of %s: %w", name, err)
	}
	return nil
}

// committed is a status that says: this version runs, and has passed its trial.
func committed(version string) func(v1alpha1.HostStatus) string {
	return func(s v1alpha1.HostStatus) string {
		switch {
		case s.Running.Profile != "store "+version:
			return "it runs " + s.Running.Profile
		case !s.Running.Committed || s.Trial != nil:
			return "store " + version + " is not committed"
		case !s.Fine:
			return "it is not fine: " + s.Summary
		}
		return ""
	}
}

// imageIsLarge checks that the profile's image is at least three times the installer's: the state
// partition must not be sized after the installer.
func (r *Road) imageIsLarge(ctx context.Context) error {
	out, err := r.host.Output(ctx, "cd /run/initramfs/cos-state/cOS && stat -c %s passive.img active.img")
	if err != nil {
		return err
	}
	var sizes []int64
	for _, field := range strings.Fields(out) {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return fmt.Errorf("reading the sizes of the images: %w", err)
		}
		sizes = append(sizes, n)
	}
	if len(sizes) != 2 || sizes[1] < 3*sizes[0] {
		return fmt.Errorf("the images of installer and profile have %v bytes: the second must be three times the first", sizes)
	}
	r.report.Say("the profile's image has %d MiB, the installer's %d MiB", sizes[1]>>20, sizes[0]>>20)
	return nil
}

// servedOnce checks that the registry served no blob more than once since a mark.
func (r *Road) servedOnce(ctx context.Context, mark int) error {
	sizes, err := r.blobSizes(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for digest, taken := range registry.BlobBytes(r.registry.Since(mark)) {
		if size, known := sizes[digest]; known && taken > size {
			errs = append(errs, fmt.Errorf("blob %s has %d bytes, %d were served", digest, size, taken))
		}
	}
	return errors.Join(errs...)
}

// v2 is a small change: only the change may be downloaded.
func (r *Road) v2(ctx context.Context) error {
	mark := r.registry.Mark()
	if err := r.ensureOn(ctx, "v2"); err != nil {
		return err
	}
	if err := r.traceAgent(ctx); err != nil {
		return err
	}
	if err := r.upgrade(ctx, "v2", "2.0.0"); err != nil {
		return err
	}
	if err := r.compareTrace(ctx); err != nil {
		return err
	}
	if err := r.expectFiles(ctx, "2"); err != nil {
		return err
	}
	if err := r.checkpoint(ctx, "v2"); err != nil {
		return err
	}
	total := int64(0)
	for _, taken := range registry.BlobBytes(r.registry.Since(mark)) {
		total += taken
	}
	r.report.Say("downloaded for the change: %d bytes", total)
	if total > 1<<20 {
		return fmt.Errorf("%d bytes were downloaded for a change of two files", total)
	}
	return nil
}

// ensureOn switches the machine on and logs in, unless both is done.
func (r *Road) ensureOn(ctx context.Context, what string) error {
	if !r.host.On() {
		if err := r.boot(ctx, "before-"+what); err != nil {
			return err
		}
	}
	_, err := r.host.Guest(ctx)
	return err
}

// expectFiles checks that image and configuration belong together: both say the release.
func (r *Road) expectFiles(ctx context.Context, release string) error {
	out, err := r.host.Output(ctx, "cat /usr/lib/store/release /etc/store/release.conf")
	if err != nil {
		return err
	}
	if want := release + "\nrelease=" + release; out != want {
		return fmt.Errorf("image and configuration say %q, expected %q", out, want)
	}
	return nil
}

// v5 is good again. The power is cut in the middle of its trial, which costs a try and no more.
func (r *Road) v5(ctx context.Context) error {
	if err := r.switchTo(ctx, "v5"); err != nil {
		return err
	}
	if err := r.boot(ctx, "v5-cut"); err != nil {
		return err
	}
	_, err := r.await(ctx, commitLimit, func(s v1alpha1.HostStatus) string {
		if s.Trial == nil {
			return "no trial"
		}
		return ""
	})
	if err != nil {
		return err
	}
	if err := r.checkpoint(ctx, "v5-on-trial"); err != nil {
		return err
	}
	r.host.Cut()
	if err := r.boot(ctx, "v5"); err != nil {
		return err
	}
	status, err := r.await(ctx, commitLimit, committed("5.0.0"))
	if err != nil {
		return err
	}
	if d := reader.ParseDecision(r.host.Said()); d.Try != 2 {
		return fmt.Errorf("GRUB said %+v, expected the second try", d)
	}
	for _, refused := range status.Refused {
		if refused.Profile == "store 5.0.0" {
			return fmt.Errorf("the power cut made the host refuse it: %s", refused.Cause)
		}
	}
	if err := r.expectFiles(ctx, "5"); err != nil {
		return err
	}
	return r.checkpoint(ctx, "v5")
}

// data checks the file from v1's time, and saves the host's history.
func (r *Road) data(ctx context.Context) error {
	if err := r.ensureOn(ctx, "data"); err != nil {
		return err
	}
	sum, err := r.host.Output(ctx, "sha256sum <"+dataFile)
	if err != nil {
		return err
	}
	if got := strings.Fields(sum + " -")[0]; got != r.facts.Data {
		return fmt.Errorf("%s has the checksum %s, it was %s", dataFile, got, r.facts.Data)
	}
	events, err := r.host.Output(ctx, "stylet events -o json")
	if err != nil {
		return err
	}
	return r.saveText("events.json", events+"\n")
}
