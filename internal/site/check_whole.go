package site

import (
	"encoding/base64"
	"maps"
	"slices"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// relate finds values that make no sense together. They may stand in several files: it looks at
// the whole.
func relate(p part, given keys) v1alpha1.Problems {
	c := &checker{block: p.block, given: given}
	c.drive(p.site.Install)
	c.registry("registryCredentials", p.site.RegistryCredentials)
	interfaces := p.site.Site.Network.Interfaces
	for _, name := range slices.Sorted(maps.Keys(interfaces)) {
		c.networkInterface("site.network.interfaces."+name, interfaces[name])
	}
	return c.found
}

func (c *checker) drive(install v1alpha1.Install) {
	selector := install.DeviceSelector
	if selector == (v1alpha1.DriveSelector{}) {
		c.add("install.deviceSelector", "describe the drive, or leave the key out to let the probe choose", "it describes no drive")
	}
	if install.Device != "" {
		c.add("install.deviceSelector", "keep one of the two", "install.device names the drive already")
	}
	if selector.MaxSize != 0 && selector.MaxSize < selector.MinSize {
		c.add("install.deviceSelector.maxSize", "use a size of at least minSize", "no drive is at most %s and at least %s", selector.MaxSize, selector.MinSize)
	}
}

func (c *checker) registry(at string, r v1alpha1.ExternalRegistry) {
	if r.Domain == "" {
		c.missing(at, "domain", "write HOST or HOST:PORT, with a path prefix if there is one")
	}
	if (r.Username == "") != (r.Password == "") {
		c.found = append(c.found, halfLogin(c.block+"."+at))
	}
	if r.EncodedPassword {
		if _, err := base64.StdEncoding.DecodeString(r.Password.Reveal()); err != nil {
			c.add(at+".password", "encode it, or leave encodedPassword out", "it is not base64")
		}
	}
}
