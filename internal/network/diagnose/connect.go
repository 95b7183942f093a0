package diagnose

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// dialTime is how long one address may take: TCP sends its first packet again after 1 and 3 seconds
// (RFC 6298), so a lost one is forgiven.
const dialTime = 4 * time.Second

// checkConnect opens a connection to the target itself.
func checkConnect(ctx context.Context, j *journey) Finding {
	conn, err := dialAny(ctx, j.addresses, j.target.Port)
	if err != nil {
		return judgeDial(err, j.target.hostPort(), "that "+j.target.Host+" runs, and that no firewall is on the way; if the site has a proxy, set it in site.network.httpsProxy")
	}
	j.conn = conn
	return pass("connected to " + conn.RemoteAddr().String())
}

// dialAny tries addresses in turn and gives the last error.
func dialAny(ctx context.Context, addresses []netip.Addr, port string) (net.Conn, error) {
	err := errors.New("no address is known")
	for _, address := range addresses {
		var conn net.Conn
		conn, err = (&net.Dialer{Timeout: dialTime}).DialContext(ctx, "tcp", net.JoinHostPort(address.String(), port))
		if err == nil {
			return conn, nil
		}
	}
	return nil, err
}

// judgeDial tells the ways in which a connection fails.
func judgeDial(err error, to, check string) Finding {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return fail("refused", to+" refuses the connection", "nothing listens on this port there", "check address and port, "+check)
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return fail("no-route", to+" cannot be reached", "there is no way to its network, or nobody has its address", "check address, mask and gateway of this host, "+check)
	case isTimeout(err):
		return fail("timeout", fmt.Sprintf("%s does not answer within %s", to, dialTime), "packets get lost on the way there or back", "check "+check)
	}
	return fail("connection", to+" cannot be connected to: "+plain(err), "the connection was not made", "check "+check)
}

// plain is an error's text without the addresses that net puts in front.
func plain(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		return op.Err.Error()
	}
	return strings.TrimSpace(err.Error())
}

// dial is for whole requests: it goes to the same proxy or host as the hops before, and asks the name
// servers that have answered for others (a registry's storage, a token server).
func (j *journey) dial(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: dialTime}
	host, port, err := net.SplitHostPort(address)
	known := j.target.Host
	if j.via != nil {
		known = j.via.Hostname()
	}
	if err == nil && host == known && len(j.addresses) > 0 {
		return dialAny(ctx, j.addresses, port)
	}
	if len(j.answering) > 0 {
		dialer.Resolver = resolverOf(j.answering[0], &atomic.Bool{})
	}
	return dialer.DialContext(ctx, network, address)
}
