package agent

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/kairos"
	"github.com/stylet-edge/stylet/internal/site"
)

// userData reads what decides about the installation, and tells what is worth knowing of it.
func (i Installer) userData(ctx context.Context, r *installRecord) (site.Reading, error) {
	sources := []site.Source{site.NamedSource("files", i.UserData...)}
	if len(i.UserData) == 0 {
		var err error
		if sources, err = installSources(ctx, i.Runner, "/"); err != nil {
			return site.Reading{}, err
		}
	}
	fetch := i.Fetch
	if fetch == nil {
		fetch = site.HTTPFetch(http.DefaultClient)
	}
	read, err := site.Read(ctx, sources, fetch)
	r.keepFrom(sources, read)
	for _, warning := range read.Warnings {
		r.say("user-data: " + warning.String())
	}
	if err != nil {
		return read, fmt.Errorf("reading the user-data: %w", err)
	}
	unused, err := kairos.UnusedInstallKeys(read.Document)
	if err != nil {
		return read, err
	}
	if len(unused) > 0 {
		r.say("user-data: install: has " + strings.Join(unused, ", ") + ", which stylet decides by stylet.install: it is not used")
	}
	if !slices.ContainsFunc(sources, func(s site.Source) bool { return len(s.Files) > 0 }) {
		r.say("no user-data on the boot medium: the host will wait for an assignment")
	}
	return read, nil
}

// installSources are the sources of the live system whose root it is, with a cidata volume before
// /run.
func installSources(ctx context.Context, runner command.Runner, root string) ([]site.Source, error) {
	sources := site.HostSources(root)
	volume, err := CIData(ctx, runner, root)
	if err != nil || volume.Name == "" {
		return sources, err
	}
	at := slices.IndexFunc(sources, func(s site.Source) bool { return s.Name == site.SourceRun })
	return slices.Insert(sources, at, volume), nil
}

// cidataTimeout bounds mounting a volume on a slow or dying stick.
const cidataTimeout = time.Minute

// CIData reads the NoCloud volume, if there is one; without one the source has no name. Labels are
// cidata or, on FAT, CIDATA (cloud-init's NoCloud).
func CIData(ctx context.Context, runner command.Runner, root string) (site.Source, error) {
	for _, label := range []string{"cidata", "CIDATA"} {
		device := filepath.Join(root, "dev/disk/by-label", label)
		if _, err := os.Stat(device); !errors.Is(err, os.ErrNotExist) {
			return readVolume(ctx, runner, device, filepath.Join(root, "run/stylet/install/cidata"))
		}
	}
	return site.Source{}, nil
}

// readVolume reads a volume that is mounted for a moment.
func readVolume(ctx context.Context, runner command.Runner, device, dir string) (site.Source, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return site.Source{}, fmt.Errorf("making a place to mount %s: %w", device, err)
	}
	mount := command.Spec{Name: "mount", Argv: []string{"mount", "-o", "ro,nosuid,nodev,noexec", device, dir}, Timeout: cidataTimeout}
	if _, err := runner.Run(ctx, mount); err != nil {
		return site.Source{}, fmt.Errorf("mounting the cidata volume %s: %w", device, err)
	}
	source := site.CIDataSource(dir)
	umount := command.Spec{Name: "umount", Argv: []string{"umount", dir}, Timeout: cidataTimeout}
	if _, err := runner.Run(context.WithoutCancel(ctx), umount); err != nil {
		return source, fmt.Errorf("leaving the cidata volume %s: %w", device, err)
	}
	return source, nil
}
