package site

import (
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

func (c *checker) network(n v1alpha1.Network) {
	c.proxy("site.network.httpProxy", n.HTTPProxy)
	c.proxy("site.network.httpsProxy", n.HTTPSProxy)
	if strings.Contains(n.NoProxy, "://") {
		c.add("site.network.noProxy", "write hosts, domains (.example), addresses and networks with commas between them", "%q has an address with a scheme", withoutLogin(n.NoProxy))
	}
	c.addresses("site.network.nameserver", n.Nameserver)
	for _, name := range slices.Sorted(maps.Keys(n.Interfaces)) {
		at, i := "site.network.interfaces."+name, n.Interfaces[name]
		if len(name) > maxInterfaceName || strings.ContainsAny(name, "/: \t\r\n") || name == "" {
			c.add(at, "write the kernel's name, as `ip link` prints it", "%q is not the name of an interface", name)
		}
		c.oneOf(at+".type", i.Type, "dhcp", "static")
		c.addresses(at+".nameserver", i.Nameserver)
	}
}

func (c *checker) proxy(key string, text v1alpha1.Secret) {
	u, err := url.Parse(text.Reveal())
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		// Its text may hold a password.
		c.add(key, "write http://[USER:PASSWORD@]HOST:PORT, with %-escapes in user and password", "it is not the address of a proxy")
	}
}

func (c *checker) addresses(key string, list v1alpha1.TextList) {
	for _, text := range list {
		if _, err := netip.ParseAddr(text); err != nil {
			c.add(key, "write addresses, not names", "%q is not an IP address", text)
		}
	}
}

// maxInterfaceName is Linux's limit (IFNAMSIZ less the zero byte).
const maxInterfaceName = 15

// networkInterface checks what the settings of an interface say together.
func (c *checker) networkInterface(at string, i v1alpha1.Interface) {
	if i.Type != "static" {
		for key, value := range map[string]string{"ipAddress": i.IPAddress, "mask": i.Mask, "gateway": i.Gateway} {
			if value != "" {
				c.add(at+"."+key, "write type: static, or leave it out", "an interface with DHCP gets it from the network")
			}
		}
		return
	}
	if i.IPAddress == "" {
		c.missing(at, "ipAddress", "a static interface needs its address, as 192.0.2.7/24")
		return
	}
	prefix, err := i.Prefix()
	if err != nil {
		c.add(at+".ipAddress", "write ADDRESS/LENGTH, or ADDRESS and a mask", "%v", err)
		return
	}
	if i.Gateway == "" {
		return
	}
	gateway, err := netip.ParseAddr(i.Gateway)
	switch {
	case err != nil:
		c.add(at+".gateway", "write its address", "%q is not an IP address", i.Gateway)
	case gateway.Is4() != prefix.Addr().Is4():
		c.add(at+".gateway", "use the same version of IP as ipAddress", "%s cannot be the gateway of %s", gateway, prefix)
	case !prefix.Contains(gateway) && !gateway.IsLinkLocalUnicast():
		c.add(at+".gateway", "check address, mask and gateway", "%s is not in the network of %s", gateway, prefix)
	}
}
