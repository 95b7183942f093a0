package hostconfig

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

const networkDir = "/run/systemd/network/"

// networkFiles are those of systemd-networkd: one for each interface that the user-data names, and one
// for all others if the site has a word on them. They are matched by the card's own MAC address where
// it is known, since names can change with the kernel.
func networkFiles(place v1alpha1.Place, cards map[string]string) []File {
	var files []File
	ownTime := len(place.NTPServers) > 0
	for _, name := range slices.Sorted(maps.Keys(place.Network.Interfaces)) {
		i := place.Network.Interfaces[name]
		if len(i.Nameserver) == 0 {
			i.Nameserver = place.Network.Nameserver
		}
		match := "Name=" + name
		if card := cards[name]; card != "" {
			match = "PermanentMACAddress=" + card
		}
		files = append(files, networkFile("50-stylet-"+name, match, i, ownTime))
	}
	if len(place.Network.Nameserver) > 0 || ownTime {
		// The image's own file for DHCP comes later, and would take the network's servers.
		rest := v1alpha1.Interface{Nameserver: place.Network.Nameserver}
		files = append(files, networkFile("70-stylet-dhcp", "Name=en* eth*", rest, ownTime))
	}
	return files
}

func networkFile(name, match string, i v1alpha1.Interface, ownTime bool) File {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n[Match]\n%s\n\n[Network]\nLLMNR=no\n", byStylet, match)
	if len(i.Nameserver) > 0 {
		fmt.Fprintf(&b, "DNS=%s\n", strings.Join(i.Nameserver, " "))
	}
	if i.Type == "static" {
		b.WriteString(staticUnit(i))
	} else {
		b.WriteString(dhcpUnit(len(i.Nameserver) > 0, ownTime))
	}
	b.WriteString("\n[Link]\nRequiredForOnline=routable\n")
	return File{Path: networkDir + name + ".network", Content: b.String(), Mode: public}
}

// dhcpUnit asks by the MAC address, so that a host has one lease in the live system, in both slots and
// in recovery. Where the site names servers, those of the network are not taken.
func dhcpUnit(ownNames, ownTime bool) string {
	refused := ""
	if ownNames {
		refused += "UseDNS=no\n"
	}
	if ownTime {
		refused += "UseNTP=no\n"
	}
	text := "DHCP=yes\n\n[DHCPv4]\nClientIdentifier=mac\nUseDomains=yes\n" + refused
	if refused != "" {
		text += "\n[DHCPv6]\n" + refused
	}
	if ownNames {
		text += "\n[IPv6AcceptRA]\nUseDNS=no\n"
	}
	return text
}

func staticUnit(i v1alpha1.Interface) string {
	prefix, err := i.Prefix()
	if err != nil {
		return "" // `stylet validate` refuses it; an interface without address is better than a wrong one
	}
	text := fmt.Sprintf("DHCP=no\nAddress=%s\n", prefix)
	gateway, err := netip.ParseAddr(i.Gateway)
	if err != nil {
		return text
	}
	if prefix.Addr().Is6() {
		text += "IPv6AcceptRA=no\n" // a router's word would be a second way out
	}
	text += fmt.Sprintf("\n[Route]\nGateway=%s\n", gateway)
	if !prefix.Contains(gateway) {
		text += "GatewayOnLink=yes\n"
	}
	return text
}
