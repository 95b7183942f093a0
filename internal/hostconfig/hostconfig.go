// Package hostconfig makes the site's properties (site.* of the user-data) into the configuration of
// the OS: addresses, name servers, time servers, proxy, authorities, host name and users.
//
// Nothing of it is written once and kept: it is laid over the image at each boot, as the running
// revision has it, so that it goes back together with the image. Most of it lies below /run, which ends
// with the boot and is persistent in no layout.
package hostconfig

import (
	"io/fs"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Host is what is known of the host besides its user-data.
type Host struct {
	// Name is the host name.
	Name string
	// Cards gives the permanent MAC address of an interface by the name that the user-data knows it by.
	// One that is not in here is found by its name.
	Cards map[string]string
}

// Configuration is what the properties come to on one host.
type Configuration struct {
	HostName string
	Files    []File
	// Authorities are added to the system's, PEM.
	Authorities []string
	Users       []v1alpha1.OSUser
}

// File is a file of the OS.
type File struct {
	Path    string // absolute
	Content string
	Mode    fs.FileMode
	// Added says that the image's own content stays, before ours.
	Added bool
}

// For works out the configuration. It is pure: the same inputs give the same files.
func For(place v1alpha1.Place, host Host) Configuration {
	c := Configuration{HostName: host.Name, Authorities: place.CACerts, Users: place.Users}
	c.Files = append(c.Files, networkFiles(place, host.Cards)...)
	c.Files = append(c.Files, nameFiles(place.Network.Nameserver)...)
	c.Files = append(c.Files, timeFiles(place.NTPServers)...)
	c.Files = append(c.Files, proxyFiles(place.Network)...)
	return c
}

const (
	// public files say nothing that must stay on the host; secret ones may hold a password.
	public fs.FileMode = 0o644
	secret fs.FileMode = 0o600
)
