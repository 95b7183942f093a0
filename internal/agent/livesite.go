package agent

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/hostconfig"
	"github.com/stylet-edge/stylet/internal/identity"
	"github.com/stylet-edge/stylet/internal/site"
)

// LiveSite lays the site's properties over a live or recovery system, where no boot hook runs: what is on
// the boot medium, on COS_OEM and on a cidata volume says them. Users of the OS are not made: who stands before the machine is
// let in anyway, and nobody else should be.
func LiveSite(ctx context.Context, root string) error {
	sources, volumeErr := installSources(ctx, command.Local{}, root)
	read, err := site.Read(ctx, sources, nil)
	place := read.Site.Site
	place.Users = nil
	record, idErr := identity.Keep(filepath.Join(root, "oem"), root, place)
	host := hostconfig.Host{Name: identity.HostName(record.ID, place)}
	problems := []error{volumeErr, err, idErr, hostconfig.For(place, host).Lay(root)}
	if root == "/" {
		if err := unix.Sethostname([]byte(host.Name)); err != nil { // systemd has read /etc/hostname already
			problems = append(problems, fmt.Errorf("setting the host name: %w", err))
		}
	}
	return errors.Join(problems...)
}
