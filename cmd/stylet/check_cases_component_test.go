//go:build component

package main

import (
	"bytes"
	"context"
	"fmt"
	"net"

	"github.com/stylet-edge/stylet/internal/lab/proxy"
)

// to dials an address whatever the name is.
func to(address string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, named string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(named)
		if err != nil {
			return nil, err
		}
		return (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort(address, port))
	}
}

// knownNames is all that the proxy resolves.
func knownNames(ctx context.Context, network, named string) (net.Conn, error) {
	if named != "registry.example.com:443" {
		return nil, &net.DNSError{Err: "no such host", Name: named, IsNotFound: true}
	}
	return to(openRegistry)(ctx, network, named)
}

const (
	closedProfile = "assignment: {profile: closed.example.com/site/store:1}\nregistries:\n  - host: closed.example.com\n    caCerts:\n      - ${SITE_CA}\n"
	inspected     = profile + "\nsite:\n  network: {httpsProxy: 'http://192.0.2.80:3128'}\n  caCerts:\n    -   ${PROXY_CA}"
)

func networkCases() []networkCase {
	return append(append(localCases(), proxyCases()...), targetCases()...)
}

// localCases are about link, address, route and name servers.
func localCases() []networkCase {
	return []networkCase{
		{name: "fine", userData: profile},
		{name: "nothing-named", userData: noProfile},
		{name: "unplugged", unplugged: true, userData: profile, exit: 2},
		{name: "no-dhcp", network: "ip address add 169.254.7.7/16 dev eth0; ip link set eth0 up", userData: profile, exit: 2},
		{name: "wrong-address", network: "ip address add 198.51.100.10/24 dev eth0; ip link set eth0 up; ip route add default via 198.51.100.1", userData: profile, exit: 2},
		{name: "no-route", network: "ip address add 192.0.2.10/24 dev eth0; ip link set eth0 up", userData: profile, exit: 1},
		{name: "ipv6", network: "ip address add 2001:db8::10/64 dev eth0 nodad; ip link set eth0 up; ip -6 route add default via 2001:db8::1", servers: []string{goodServer6}, userData: noProfile, args: []string{"six.example.com/site/store:1"}},
		{name: "dns-dead", servers: []string{silentServer}, userData: profile, exit: 2},
		{name: "dns-one-dead", servers: []string{silentServer, goodServer}, userData: profile, exit: 1},
		{name: "dns-refused", servers: []string{refusingServer}, userData: profile, exit: 2},
		{name: "dns-none", servers: []string{}, userData: profile, exit: 2},
		{name: "dns-of-user-data", servers: []string{refusingServer}, userData: profile + "\nsite: {network: {nameserver: " + goodServer + "}}", exit: 1},
		{name: "no-such-name", userData: noProfile, args: []string{"nowhere.example.com"}, exit: 2},
		{name: "refused", userData: noProfile, args: []string{"registry.example.com:444"}, exit: 2},
	}
}

// proxyCases go through a proxy.
func proxyCases() []networkCase {
	login := proxy.Options{User: "till", Password: "open sesame"}
	return []networkCase{
		{name: "proxy-fine", proxy: &login, userData: fmt.Sprintf(byProxy, "till:open%20sesame@"), servers: []string{refusingServer}},
		{name: "proxy-refused", userData: fmt.Sprintf(byProxy, ""), exit: 2},
		{name: "proxy-login-missing", proxy: &login, userData: fmt.Sprintf(byProxy, ""), exit: 2},
		{name: "proxy-login-wrong", proxy: &login, userData: fmt.Sprintf(byProxy, "till:wrong-password@"), exit: 2},
		{name: "proxy-forbidden", proxy: &proxy.Options{Allow: []string{"elsewhere.example.com"}}, userData: fmt.Sprintf(byProxy, ""), exit: 2},
		{name: "proxy-cannot-reach", proxy: &proxy.Options{}, userData: "site: {network: {httpsProxy: 'http://192.0.2.80:3128'}}", args: []string{"nowhere.example.com"}, exit: 2},
		{name: "proxy-is-none", userData: profile + "\nsite: {network: {httpsProxy: 'http://192.0.2.100:443'}}", exit: 2},
		{name: "proxy-name-unknown", userData: profile + "\nsite: {network: {httpsProxy: 'http://nowhere.example.com:3128'}}", exit: 2},
		{name: "no-proxy", userData: profile + "\nsite: {network: {httpsProxy: 'http://192.0.2.80:3128', noProxy: '.example.com'}}"},
		{name: "inspecting-unknown", proxy: &proxy.Options{Intercept: true}, userData: fmt.Sprintf(byProxy, ""), exit: 2},
		{name: "inspecting-known", proxy: &proxy.Options{Intercept: true, User: "till", Password: "open sesame"}, userData: profile + "\nsite:\n  network: {httpsProxy: 'http://till:open%20sesame@192.0.2.80:3128'}\n  caCerts:\n    -   ${PROXY_CA}"},
		{name: "ranges-stripped", proxy: &proxy.Options{Intercept: true, StripRange: true}, userData: inspected, exit: 1},
		{name: "changed", proxy: &proxy.Options{Intercept: true, Rewrite: scanned}, userData: inspected, exit: 2},
	}
}

// scanned is what a proxy that rewrites content makes of the blob.
func scanned(body []byte) []byte { return bytes.ReplaceAll(body, []byte("stylet"), []byte("STYLET")) }

// targetCases are about TLS, clock, registry, ranges and URLs.
func targetCases() []networkCase {
	return []networkCase{
		{name: "site-authority-missing", userData: "assignment: {profile: closed.example.com/site/store:1}", exit: 2},
		{name: "name-mismatch", userData: noProfile, args: []string{"other.example.com"}, exit: 2},
		{name: "expired", userData: noProfile, args: []string{"expired.example.com/site/store:1"}, exit: 2},
		{name: "clock-breaks-tls", userData: noProfile, args: []string{"future.example.com"}, exit: 2},
		{name: "clock-off", userData: noProfile, args: []string{"slow.example.com/site/store:1"}, exit: 1},
		{name: "login-missing", userData: closedProfile, exit: 2},
		{name: "login-wrong", userData: closedProfile + "    username: till\n    password: wrong-password", exit: 2},
		{name: "logged-in", userData: closedProfile + "    username: till\n    password: open sesame"},
		{name: "not-found", userData: "assignment: {profile: registry.example.com/site/store:2}", exit: 2},
		{name: "mapped", userData: "assignment: {profile: docker.io/site/store:1}\nexternalRegistries: {registryMappingRules: {docker.io: registry.example.com}}"},
		{name: "not-tls", userData: "assignment: {profile: plain.example.com:5000/site/store:1}", exit: 2},
		{name: "plain-http", userData: "assignment: {profile: plain.example.com:5000/site/store:1}\nregistries: [{host: plain.example.com:5000, plainHTTP: true}]"},
		{name: "not-verified", userData: "assignment: {profile: closed.example.com/site/store:1}\nregistries: [{host: closed.example.com, skipTLSVerify: true, username: till, password: open sesame}]", exit: 1},
		{name: "url", userData: "config_url: https://registry.example.com/v2/?token=open%20sesame\n" + noProfile},
		{name: "url-not-found", userData: noProfile, args: []string{"https://registry.example.com/missing"}, exit: 2},
	}
}
