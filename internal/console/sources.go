package console

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Agent is the agent of this host, as its local API answers.
type Agent interface {
	Status(ctx context.Context) (v1alpha1.HostStatus, error)
}

// Sources are where the state comes from.
type Sources struct {
	Agent Agent
	// LiveMark is a file that is there in the live system alone.
	LiveMark string
	// LiveInstall is what the installer writes there; Installed is what it left on an installed host.
	LiveInstall, Installed string
	// Version is that of stylet.
	Version string
	// Now gives the time; default time.Now.
	Now func() time.Time
}

// patience bounds a question to the agent, which answers at once or is not well.
const patience = 3 * time.Second

// read gives what is known now; before is what was known a moment ago.
func (s Sources) read(ctx context.Context, before State) State {
	now := before
	now.Now = s.now()
	now.Version = s.Version
	now.HostName, _ = os.Hostname() // the kernel's, always there
	now.Interfaces = interfaces()
	_, err := os.Stat(s.LiveMark)
	now.Live = err == nil
	path := s.Installed
	if now.Live {
		path = s.LiveInstall
	}
	if now.Live || before.Install == nil { // what an installation left does not change
		now.Install = readInstall(path)
	}
	if !now.Live {
		s.ask(ctx, &now)
	}
	return now
}

func (s Sources) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

func (s Sources) ask(ctx context.Context, now *State) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	status, err := s.Agent.Status(ctx)
	if err == nil {
		now.Host, now.Away, now.AwaySince = &status, nil, time.Time{}
		return
	}
	if now.Away == nil {
		now.AwaySince = now.Now
	}
	now.Away = &Problem{What: err.Error(), Code: fault.CodeOf(err), Remedy: fault.RemedyOf(err)}
}

// mostInstall bounds what is read of an installer's file: it has a few hundred bytes.
const mostInstall = 64 << 10

// readInstall gives what an installer wrote, nil if there is nothing yet. A file that is no such thing
// is told as what it is.
func readInstall(path string) *v1alpha1.InstallStatus {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, mostInstall))
	if err == nil {
		var status v1alpha1.InstallStatus
		if status, err = parseInstall(data); err == nil {
			return &status
		}
	}
	return &v1alpha1.InstallStatus{
		Phase: v1alpha1.InstallFailed,
		Failure: &v1alpha1.InstallFailure{
			What: fmt.Sprintf("where the installer stands cannot be read: %s: %v", path, err), Code: "console.install-unreadable",
			Remedy: "look at journalctl -u stylet-install",
		},
	}
}

func parseInstall(data []byte) (status v1alpha1.InstallStatus, err error) {
	if err := json.Unmarshal(data, &status); err != nil {
		return v1alpha1.InstallStatus{}, err
	}
	if status.Phase == "" {
		return v1alpha1.InstallStatus{}, fmt.Errorf("it names no phase")
	}
	return status, nil
}

// ofContainers are interfaces that clusters and containers make: nobody reaches the host by them.
func ofContainers() []string {
	return []string{"veth", "cali", "cni", "flannel", "vxlan", "docker", "kube-", "lxc", "cilium", "nodelocaldns", "br-"}
}

// interfaces asks the kernel, so that a changed address is seen at the next look.
func interfaces() []Interface {
	links, err := net.Interfaces()
	if err != nil {
		return nil
	}
	var found []Interface
	for _, link := range links {
		if link.Flags&net.FlagLoopback != 0 || len(link.HardwareAddr) == 0 ||
			slices.ContainsFunc(ofContainers(), func(prefix string) bool { return strings.HasPrefix(link.Name, prefix) }) {
			continue
		}
		addresses, err := link.Addrs()
		if err != nil {
			continue // it has gone
		}
		found = append(found, Interface{
			Name: link.Name, MAC: link.HardwareAddr.String(), Carrier: link.Flags&net.FlagRunning != 0,
			Addresses: usable(addresses),
		})
	}
	return found
}

// usable are the addresses by which others reach the host, IPv4 first.
func usable(addresses []net.Addr) []string {
	var found []netip.Addr
	for _, address := range addresses {
		prefix, err := netip.ParsePrefix(address.String())
		if err == nil && prefix.Addr().IsGlobalUnicast() {
			found = append(found, prefix.Addr())
		}
	}
	slices.SortStableFunc(found, func(a, b netip.Addr) int { return cmp.Compare(a.BitLen(), b.BitLen()) })
	var texts []string
	for _, a := range found {
		texts = append(texts, a.String())
	}
	return texts
}
