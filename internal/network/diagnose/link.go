package diagnose

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// link is one network interface.
type link struct {
	Name string
	// Carrier says that there is something at the other end; false for one that is switched off, too.
	Carrier bool
	// Megabits is the speed in Mbit/s, 0 if it is not known (virtual and wireless ones do not say).
	Megabits int
	// Physical says that there is hardware behind it.
	Physical bool
	// lower are the interfaces below a bond, bridge or VLAN.
	lower     []string
	Addresses []netip.Prefix
}

// readLinks reads the interfaces that lead out of this host: the physical ones and what is built on
// them, but not those of containers. If there is no hardware at all (a container, a namespace), all but
// the loopback lead out. Addresses are the kernel's own, of this network namespace.
func readLinks(root string) ([]link, error) {
	dir := filepath.Join(root, "sys/class/net")
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", dir, errors.Unwrap(err))
	}
	var links []link
	for _, entry := range entries {
		l, ok := readLink(dir, entry)
		if ok {
			links = append(links, l)
		}
	}
	return leadingOut(links), nil
}

// loopbackType is ARPHRD_LOOPBACK of linux/if_arp.h.
const loopbackType = "772"

func readLink(dir string, entry fs.DirEntry) (link, bool) {
	l := link{Name: entry.Name()}
	below := filepath.Join(dir, l.Name)
	if kind := text(below, "type"); kind == loopbackType || kind == "" {
		return l, false // a file (bonding_masters) is no interface
	}
	l.Carrier = text(below, "carrier") == "1"
	if speed, err := strconv.Atoi(text(below, "speed")); err == nil && speed > 0 {
		l.Megabits = speed
	}
	_, err := os.Stat(filepath.Join(below, "device"))
	l.Physical = err == nil
	files, _ := os.ReadDir(below) // it was just read
	for _, file := range files {
		if name, ok := strings.CutPrefix(file.Name(), "lower_"); ok {
			l.lower = append(l.lower, name)
		}
	}
	l.Addresses = addressesOf(l.Name)
	return l, true
}

// text is a small file without its line end, or nothing.
func text(dir, name string) string {
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}

func addressesOf(name string) []netip.Prefix {
	known, err := net.InterfaceByName(name)
	if err != nil {
		return nil
	}
	list, err := known.Addrs()
	if err != nil {
		return nil
	}
	var prefixes []netip.Prefix
	for _, address := range list {
		if prefix, err := netip.ParsePrefix(address.String()); err == nil {
			prefixes = append(prefixes, prefix)
		}
	}
	return prefixes
}

// leadingOut leaves out the interfaces that have no hardware below them, where any has.
func leadingOut(links []link) []link {
	out := map[string]bool{}
	for _, l := range links {
		if l.Physical {
			out[l.Name] = true
		}
	}
	if len(out) == 0 {
		return links
	}
	for found := true; found; {
		found = false
		for _, l := range links {
			if !out[l.Name] && slices.ContainsFunc(l.lower, func(name string) bool { return out[name] }) {
				out[l.Name], found = true, true
			}
		}
	}
	return slices.DeleteFunc(links, func(l link) bool { return !out[l.Name] })
}

// judgeLinks wants one interface with something at its other end.
func judgeLinks(links []link) Finding {
	if len(links) == 0 {
		return fail("none", "no network interface", "the kernel knows no network card", "use a card that the kernel has a driver for; `lspci -k` lists what it found")
	}
	var up, down []string
	for _, l := range links {
		switch {
		case l.Carrier && l.Megabits > 0:
			up = append(up, fmt.Sprintf("%s up, %d Mbit/s", l.Name, l.Megabits))
		case l.Carrier:
			up = append(up, l.Name+" up")
		default:
			down = append(down, l.Name+" has no link")
		}
	}
	measured := strings.Join(append(up, down...), "; ")
	if len(up) == 0 {
		return fail("no-carrier", measured, "no interface has anything at its other end", "plug a cable into a port that is in use; look at the lamps of the port and the switch")
	}
	return pass(measured)
}
