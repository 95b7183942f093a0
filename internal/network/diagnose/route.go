package diagnose

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// gateway is a way out of the host's own networks.
type gateway struct {
	Address   netip.Addr // not valid for a link without one (point to point)
	Interface string
	index     int
	// State is what the kernel knows of it.
	State answer
}

// answer says whether somebody answers.
type answer string

const (
	answers answer = "answers"
	silent  answer = "does not answer"
	unknown answer = "unknown whether it answers"
)

// gatewayTime is how long a gateway may take: the kernel asks three times, a second apart (mcast_solicit,
// ucast_solicit and retrans_time_ms of its neigh settings), and then knows.
const gatewayTime = 5 * time.Second

// checkRoute reads the default routes and asks each gateway whether it is there.
func checkRoute(ctx context.Context) Finding {
	ctx, cancel := context.WithTimeout(ctx, gatewayTime)
	defer cancel()
	gateways, err := readGateways()
	if err != nil {
		return warn("unreadable", "", "the routes cannot be read: "+err.Error(), "run it as root on the host itself")
	}
	for i := range gateways {
		gateways[i].State = ask(ctx, gateways[i])
	}
	return judgeGateways(gateways)
}

func readGateways() ([]gateway, error) {
	routes, err := netlink.RouteList(nil, netlink.FAMILY_ALL)
	if err != nil {
		return nil, err
	}
	var list []gateway
	for _, route := range routes {
		if route.Dst != nil && !isDefault(route.Dst) || route.Type != unix.RTN_UNICAST {
			continue
		}
		g := gateway{index: route.LinkIndex}
		if known, err := net.InterfaceByIndex(route.LinkIndex); err == nil {
			g.Interface = known.Name
		}
		if address, ok := netip.AddrFromSlice(route.Gw); ok {
			g.Address = address.Unmap()
		}
		list = append(list, g)
	}
	return list, nil
}

func isDefault(network *net.IPNet) bool {
	ones, _ := network.Mask.Size()
	return ones == 0 && network.IP.IsUnspecified()
}

// ask makes the kernel look for the gateway by ARP or neighbour discovery, and waits for what it finds.
func ask(ctx context.Context, g gateway) answer {
	if !g.Address.IsValid() {
		return unknown
	}
	if err := provoke(ctx, g); err != nil {
		return unknown
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		switch state, found := neighbour(g); {
		case !found:
		case state&(unix.NUD_REACHABLE|unix.NUD_PERMANENT) != 0:
			return answers
		case state&unix.NUD_FAILED != 0:
			return silent
		case state&unix.NUD_NOARP != 0:
			return unknown
		}
		select {
		case <-ctx.Done():
			return unknown
		case <-tick.C:
		}
	}
}

// provoke makes the kernel ask now: what it remembers may be half a minute old. A neighbour that it does
// not know is asked for when something is sent there: a byte to the discard port (RFC 863).
func provoke(ctx context.Context, g gateway) error {
	if state, found := neighbour(g); found && state&(unix.NUD_FAILED|unix.NUD_INCOMPLETE|unix.NUD_NOARP|unix.NUD_PERMANENT) == 0 {
		// Needs the right to change the network's settings. Without it the entry ages by itself.
		_ = netlink.NeighSet(entryOf(g, unix.NUD_PROBE))
	}
	to := g.Address
	if to.Is6() && to.IsLinkLocalUnicast() {
		to = to.WithZone(g.Interface)
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "udp", netip.AddrPortFrom(to, 9).String())
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = conn.Write([]byte{0})
	return err
}

// entryOf is the gateway's entry of the neighbour table, with the hardware address that is known.
func entryOf(g gateway, state int) *netlink.Neigh {
	entry := &netlink.Neigh{LinkIndex: g.index, IP: g.Address.AsSlice(), State: state, Family: familyOf(g)}
	for _, known := range neighbours(g) {
		entry.HardwareAddr = known.HardwareAddr
	}
	return entry
}

func familyOf(g gateway) int {
	if g.Address.Is4() {
		return netlink.FAMILY_V4
	}
	return netlink.FAMILY_V6
}

// neighbour gives the state (NUD_ of linux/neighbour.h) of the gateway's entry.
func neighbour(g gateway) (state int, found bool) {
	for _, known := range neighbours(g) {
		return known.State, true
	}
	return 0, false
}

func neighbours(g gateway) []netlink.Neigh {
	list, err := netlink.NeighList(g.index, familyOf(g))
	if err != nil {
		return nil
	}
	var found []netlink.Neigh
	for _, entry := range list {
		if address, ok := netip.AddrFromSlice(entry.IP); ok && address.Unmap() == g.Address {
			found = append(found, entry)
		}
	}
	return found
}

func judgeGateways(gateways []gateway) Finding {
	if len(gateways) == 0 {
		return warn("no-default", "no default route", "only what is on the host's own networks can be reached",
			"let the DHCP server name a router, or set gateway under site.network.interfaces")
	}
	var shown []string
	dead := 0
	for _, g := range gateways {
		if !g.Address.IsValid() {
			shown = append(shown, "by "+g.Interface)
			continue
		}
		shown = append(shown, fmt.Sprintf("%s by %s %s", g.Address, g.Interface, g.State))
		if g.State == silent {
			dead++
		}
	}
	measured := strings.Join(shown, "; ")
	const remedy = "check that the router runs, that the cable is in its network (VLAN), and address, mask and gateway of the interface"
	switch dead {
	case 0:
		return pass(measured)
	case len(gateways):
		return fail("gateway-silent", measured, "nobody has the gateway's address on this network", remedy)
	}
	return warn("gateway-silent", measured, "nobody has one gateway's address on its network", remedy)
}
