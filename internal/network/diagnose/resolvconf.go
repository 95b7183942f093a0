package diagnose

import (
	"bufio"
	"bytes"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// nameServer is one that is asked.
type nameServer struct {
	Address netip.Addr
	// Source says who named it: "host" or "user-data".
	Source string
}

func (s nameServer) String() string { return s.Address.String() }

// resolvedStub is where systemd-resolved listens; the servers that it asks are in a file of its own
// (systemd-resolved.service(8)).
const (
	resolvedStub  = "127.0.0.53"
	resolvedFile  = "run/systemd/resolve/resolv.conf"
	maxResolvConf = 1 << 16
)

// nameServers are those of this host, and those of the user-data that it does not have (yet). Behind
// systemd-resolved's own address come the servers that it asks: one of them may be the one that is dead.
func nameServers(s Settings) []nameServer {
	var list []nameServer
	add := func(address netip.Addr, source string) {
		if !slices.ContainsFunc(list, func(known nameServer) bool { return known.Address == address }) {
			list = append(list, nameServer{address, source})
		}
	}
	for _, address := range parseResolvConf(readBounded(filepath.Join(s.Root, "etc/resolv.conf"))) {
		add(address, "host")
		if address.String() != resolvedStub {
			continue
		}
		for _, behind := range parseResolvConf(readBounded(filepath.Join(s.Root, resolvedFile))) {
			add(behind, "host")
		}
	}
	for _, text := range s.NameServers {
		if address, err := netip.ParseAddr(text); err == nil {
			add(address, "user-data")
		}
	}
	return list
}

// readBounded reads the beginning of a file; a missing one is empty.
func readBounded(path string) []byte {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	return data[:min(len(data), maxResolvConf)]
}

// parseResolvConf reads the name servers of a resolv.conf(5). Lines that it does not understand say
// nothing, as for the C library.
func parseResolvConf(data []byte) []netip.Addr {
	var list []netip.Addr
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 2 || fields[0] != "nameserver" {
			continue
		}
		if address, err := netip.ParseAddr(fields[1]); err == nil {
			list = append(list, address)
		}
	}
	return list
}
