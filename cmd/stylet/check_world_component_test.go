//go:build component

package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	ggcr "github.com/google/go-containerregistry/pkg/registry"
	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/lab/authority"
	"github.com/stylet-edge/stylet/internal/lab/process"
)

// The world that a host meets: a network of its own, with real name servers and registries. The test's
// process is inside of it, the host is a network namespace behind a cable (veth).
const (
	gatewayAddress  = "192.0.2.1"
	goodServer      = "192.0.2.53"  // dnsmasq
	refusingServer  = "192.0.2.54"  // nothing listens there
	silentServer    = "192.0.2.56"  // takes packets, and says nothing
	openRegistry    = "192.0.2.100" // docker-registry
	closedRegistry  = "192.0.2.103" // docker-registry with a login
	expiredRegistry = "192.0.2.101"
	futureRegistry  = "192.0.2.102"
	slowRegistry    = "192.0.2.104" // its clock is slow
	plainRegistry   = "192.0.2.105" // docker-registry without TLS
	proxyAddress    = "192.0.2.80"
	gatewayAddress6 = "2001:db8::1"
	goodServer6     = "2001:db8::53"
	registry6       = "2001:db8::100"
	hostNetns       = "host"
)

// worldUp makes the network of the test's process: a link to the host, and an address for each server.
// The names of the servers are those that dnsmasq knows.
func worldUp(t *testing.T) {
	t.Helper()
	// Named network namespaces live below /run; this one is gone with the process.
	// Every refusal is told, and an address outlives an unplugged cable.
	shell(t, "echo 0 >/proc/sys/net/ipv4/icmp_ratelimit; echo 1 >/proc/sys/net/ipv6/conf/default/keep_addr_on_down")
	shell(t, "mount -t tmpfs none /run && ip link set lo up && ip netns add "+hostNetns)
	shell(t, "ip link add cable address 02:00:00:00:00:01 type veth peer name eth0 address 02:00:00:00:00:10 netns "+hostNetns)
	for _, address := range []string{
		gatewayAddress, goodServer, refusingServer, silentServer, openRegistry, closedRegistry,
		expiredRegistry, futureRegistry, slowRegistry, plainRegistry, proxyAddress,
	} {
		shell(t, "ip address add "+address+"/24 dev cable")
	}
	for _, address := range []string{gatewayAddress6, goodServer6, registry6} {
		shell(t, "ip address add "+address+"/64 dev cable nodad")
	}
	shell(t, "ip link set cable up")
	shell(t, "ip -n host link set lo up")
	startNameServer(t)
	silence, err := net.ListenPacket("udp", silentServer+":53")
	require.NoError(t, err)
	t.Cleanup(func() { silence.Close() })
}

func shell(t *testing.T, script string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "sh", "-ec", script).CombinedOutput()
	require.NoError(t, err, "%s\n%s", script, out)
}

func startNameServer(t *testing.T) {
	t.Helper()
	argv := []string{
		"dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--user=root", "--pid-file=",
		"--bind-interfaces", "--listen-address=" + goodServer, "--listen-address=" + goodServer6, "--except-interface=lo", "--local=/example.com/",
	}
	for name, address := range map[string]string{
		"registry": openRegistry, "closed": closedRegistry, "expired": expiredRegistry, "future": futureRegistry,
		"slow": slowRegistry, "plain": plainRegistry, "proxy": proxyAddress, "other": openRegistry, "six": registry6,
	} {
		argv = append(argv, "--host-record="+name+".example.com,"+address)
	}
	served, err := process.Start(process.Spec{Argv: argv, Stderr: os.Stderr})
	require.NoError(t, err)
	t.Cleanup(served.Stop)
	awaitPort(t, goodServer+":53")
}

func awaitPort(t *testing.T, address string) {
	t.Helper()
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", address)
		return err == nil && conn.Close() == nil
	}, 20*time.Second, 20*time.Millisecond, address)
}

func newAuthority(t *testing.T, name string) *authority.Certificate {
	t.Helper()
	made, err := authority.New(authority.Spec{Name: name, From: date(2020), Until: date(2200)})
	require.NoError(t, err)
	return made
}

// issue makes a server's certificate, in files for programs.
func issue(t *testing.T, by *authority.Certificate, name string, from, until time.Time) (certificate, key string) {
	t.Helper()
	made, err := by.Issue(authority.Spec{Name: name, Hosts: []string{name}, From: from, Until: until})
	require.NoError(t, err)
	certificate, key, err = made.Files(t.TempDir())
	require.NoError(t, err)
	return certificate, key
}

func date(year int) time.Time { return time.Date(year, time.March, 1, 0, 0, 0, 0, time.UTC) }

// login is "till" with the password "open sesame", as bcrypt: what docker-registry takes.
const login = "till:$2b$05$Fwbv1zbw2Ir8drpDP6M8fO1JfJ7lZx4DvPPE.3SYtBi7aGeS9ieIq\n"

// startRegistry runs docker-registry; extra is more of its configuration.
func startRegistry(t *testing.T, address, extra string) {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "htpasswd"), []byte(login), 0o600))
	config := fmt.Sprintf("version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\nstorage: {filesystem: {rootdirectory: %s}}\n%s",
		filepath.Join(dir, "storage"), os.Expand(extra, func(string) string { return dir }))
	path := filepath.Join(dir, "config.yml")
	require.NoError(t, os.WriteFile(path, []byte(config), 0o600))
	served, err := process.Start(process.Spec{Argv: []string{"docker-registry", "serve", path}, Env: []string{"OTEL_TRACES_EXPORTER=none"}})
	require.NoError(t, err)
	t.Cleanup(served.Stop)
	awaitPort(t, address)
}

// startClock serves go-containerregistry's registry with a certificate and a clock of its own.
func startClock(t *testing.T, address, certificate, key string, now func() time.Time) {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(certificate, key)
	require.NoError(t, err)
	listener, err := tls.Listen("tcp", address, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12})
	require.NoError(t, err)
	inner := ggcr.New(ggcr.Logger(quietLog()))
	server := &http.Server{ErrorLog: quietLog(), ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", now().UTC().Format(http.TimeFormat))
		inner.ServeHTTP(w, r)
	})}
	go server.Serve(listener) // it ends by Shutdown
	t.Cleanup(func() { server.Shutdown(context.WithoutCancel(t.Context())) })
}
