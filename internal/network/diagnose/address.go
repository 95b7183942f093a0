package diagnose

import (
	"net/netip"
	"strings"
)

// judgeAddresses wants one address that others can answer to.
func judgeAddresses(links []link) Finding {
	var usable, own []string
	for _, l := range links {
		var here []string
		for _, prefix := range l.Addresses {
			if reachable(prefix.Addr()) {
				here = append(here, prefix.String())
			} else {
				own = append(own, l.Name+" "+prefix.String())
			}
		}
		if len(here) > 0 {
			usable = append(usable, l.Name+" "+strings.Join(here, " "))
		}
	}
	const remedy = "check the cable's network (VLAN) and its DHCP server, or give the interface a static address under site.network.interfaces"
	switch {
	case len(usable) > 0:
		return pass(strings.Join(usable, "; "))
	case len(own) > 0:
		return fail("link-local", strings.Join(own, "; "), "only addresses that the host gave itself: no DHCP answer", remedy)
	}
	return fail("none", "no address", "no interface has an address: no DHCP answer, and none is set", remedy)
}

// reachable tells an address of a network from one that the host gave itself (RFC 3927, RFC 4291).
func reachable(address netip.Addr) bool {
	return !address.IsLinkLocalUnicast() && !address.IsLoopback() && !address.IsUnspecified()
}
