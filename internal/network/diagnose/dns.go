package diagnose

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// serverTime is how long one name server may take, unless resolv.conf's options timeout and attempts say
// less. The resolver of the C library asks the next one after five seconds; who waits that long for each
// name has a network that does not work.
const serverTime = 4 * time.Second

// lookup is what one name server said.
type lookup struct {
	server    nameServer
	addresses []netip.Addr
	// byFile says that /etc/hosts has the name: no server was asked.
	byFile bool
	err    error
	took   time.Duration
}

// checkDNS asks each server by itself for the host that is to be dialled: the proxy, or the target.
func checkDNS(ctx context.Context, j *journey) Finding {
	host := j.target.Host
	if j.via != nil {
		host = j.via.Hostname()
	}
	if address, err := netip.ParseAddr(host); err == nil {
		j.addresses = []netip.Addr{address}
		if j.via != nil {
			return skip("the proxy resolves names, and is given by its address")
		}
		return skip("it is given by its address")
	}
	answers := askAll(ctx, j.servers, host)
	for _, a := range answers {
		for _, address := range a.addresses {
			if !slices.Contains(j.addresses, address) {
				j.addresses = append(j.addresses, address)
			}
		}
		if len(a.addresses) > 0 && !a.byFile {
			j.answering = append(j.answering, a.server)
		}
	}
	return judgeLookups(host, answers)
}

// askAll asks the servers side by side; the answers are in the servers' order.
func askAll(ctx context.Context, servers []nameServer, host string) []lookup {
	if len(servers) == 0 {
		if found := askOne(ctx, nameServer{}, host); found.byFile {
			return []lookup{found}
		}
		return nil
	}
	found := make([]lookup, len(servers))
	var all sync.WaitGroup
	for i, server := range servers {
		all.Go(func() { found[i] = askOne(ctx, server, host) })
	}
	all.Wait()
	return found
}

func askOne(ctx context.Context, server nameServer, host string) lookup {
	ctx, cancel := context.WithTimeout(ctx, serverTime)
	defer cancel()
	var asked atomic.Bool
	resolver := resolverOf(server, &asked)
	began := time.Now()
	addresses, err := resolver.LookupNetIP(ctx, "ip", host)
	for i := range addresses {
		addresses[i] = addresses[i].Unmap()
	}
	return lookup{server: server, addresses: addresses, byFile: err == nil && !asked.Load(), err: err, took: time.Since(began)}
}

// resolverOf asks one server, after /etc/hosts, and notes that it did.
func resolverOf(server nameServer, asked *atomic.Bool) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		asked.Store(true)
		return (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort(server.Address.String(), "53"))
	}}
}

// judgeLookups tells a name that does not exist from servers that do not answer.
func judgeLookups(host string, answers []lookup) Finding {
	if len(answers) == 0 {
		return fail("no-server", "no name server", "this host knows no name server to ask for "+host,
			"let the DHCP server name one, or set site.network.nameserver")
	}
	if answers[0].byFile {
		return pass(host + " is " + joined(answers[0].addresses) + " by /etc/hosts")
	}
	var shown []string
	good, missing := 0, 0
	for _, a := range answers {
		shown = append(shown, a.String())
		var dns *net.DNSError
		switch {
		case a.err == nil:
			good++
		case errors.As(a.err, &dns) && dns.IsNotFound:
			missing++
		}
	}
	measured := host + ": " + strings.Join(shown, "; ")
	switch {
	case good == len(answers):
		return pass(measured)
	case good > 0 && missing > 0:
		return warn("disagree", measured, "not every name server knows "+host+": which one is asked is chance",
			"let all name servers of the host have the same names")
	case good > 0:
		return warn("one-dead", measured, "not every name server answers: each name can take seconds",
			"repair the one that does not answer, or take it out of DHCP or site.network.nameserver")
	case missing > 0:
		return fail("no-such-name", measured, "the name does not exist there", "check how "+host+" is written, and that these name servers know the site's names")
	}
	return fail("no-answer", measured, "no name server answers", "check that they run and that port 53 (UDP and TCP) is open on the way, or set others in site.network.nameserver")
}

// String is one server's answer in few words.
func (l lookup) String() string {
	var dns *net.DNSError
	var what string
	switch {
	case l.err == nil:
		what = "says " + joined(l.addresses)
	case errors.Is(l.err, syscall.ECONNREFUSED) || strings.Contains(l.err.Error(), "connection refused"):
		what = "has no name server (port 53 refused)"
	case errors.As(l.err, &dns) && dns.IsNotFound:
		what = "says that there is no such name"
	case isTimeout(l.err):
		what = fmt.Sprintf("does not answer within %s", max(l.took.Round(time.Second), time.Second))
	case strings.Contains(l.err.Error(), "unreachable"):
		what = "cannot be reached: there is no way to it"
	default:
		what = "fails (it answers with an error)"
	}
	from := l.server.String()
	if l.server.Source == "user-data" {
		from += " (user-data)"
	}
	return from + " " + what
}

func joined(addresses []netip.Addr) string {
	texts := make([]string, len(addresses))
	for i, address := range addresses {
		texts[i] = address.String()
	}
	slices.Sort(texts)
	return strings.Join(texts, " ")
}

func isTimeout(err error) bool {
	var network net.Error
	return errors.Is(err, context.DeadlineExceeded) || (errors.As(err, &network) && network.Timeout())
}
