//go:build component

package main

import (
	"bytes"
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/lab/authority"
	"github.com/stylet-edge/stylet/internal/lab/proxy"
)

var update = flag.Bool("update", false, "write the golden reports anew")

// worldMark tells the test that it is inside of its own network, and where the binary is.
const worldMark = "STYLET_TEST_WORLD"

// The whole command, in a network namespace, against real servers. The exact text of each finding is in
// testdata/check-network.
//
// Requirement: A3
func TestCheckNetwork(t *testing.T) {
	binary := os.Getenv(worldMark)
	if binary == "" {
		enterWorld(t)
		return
	}
	worldUp(t)
	w := startServers(t, binary)
	for _, c := range networkCases() {
		t.Run(c.name, func(t *testing.T) { w.check(t, c) })
	}
}

// enterWorld runs this test again in a network and a mount namespace that end with it.
func enterWorld(t *testing.T) {
	t.Helper()
	require.Zero(t, os.Geteuid(), "it makes network namespaces: run it as root")
	binary := filepath.Join(t.TempDir(), "stylet")
	build := exec.CommandContext(t.Context(), "go", "build", "-tags", "nogit,nounpack", "-o", binary, ".")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	argv := []string{"--net", "--mount", "--propagation", "private", "--", os.Args[0], "-test.run=^TestCheckNetwork$", "-test.v"}
	if *update {
		argv = append(argv, "-update")
	}
	inside := exec.CommandContext(t.Context(), "unshare", argv...)
	inside.Env = append(os.Environ(), worldMark+"="+binary)
	out, err = inside.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.GreaterOrEqual(t, strings.Count(string(out), "--- PASS: TestCheckNetwork/"), len(networkCases()), "%s", out)
}

// world is what the cases share.
type world struct {
	binary string
	// public is what hosts trust by their system; site is the site's own.
	public, site *authority.Certificate
	trust        string
}

func quietLog() *log.Logger { return log.New(io.Discard, "", 0) }

func startServers(t *testing.T, binary string) *world {
	t.Helper()
	w := &world{binary: binary, public: newAuthority(t, "Public CA"), site: newAuthority(t, "Store CA")}
	w.trust = filepath.Join(t.TempDir(), "public.pem")
	require.NoError(t, os.WriteFile(w.trust, []byte(w.public.PEM()), 0o644))
	const config = "http: {addr: '%s', relativeurls: true, tls: {certificate: %s, key: %s}}\n"
	certificate, key := issue(t, w.public, "registry.example.com", date(2020), date(2200))
	startRegistry(t, openRegistry+":443", fmt.Sprintf(config, openRegistry+":443", certificate, key))
	certificate, key = issue(t, w.site, "closed.example.com", date(2020), date(2200))
	startRegistry(t, closedRegistry+":443", fmt.Sprintf(config, closedRegistry+":443", certificate, key)+"auth: {htpasswd: {realm: store, path: $dir/htpasswd}}\n")
	startRegistry(t, plainRegistry+":5000", "http: {addr: '"+plainRegistry+":5000', relativeurls: true}\n")
	certificate, key = issue(t, w.public, "expired.example.com", date(2020), date(2021))
	startClock(t, expiredRegistry+":443", certificate, key, time.Now)
	certificate, key = issue(t, w.public, "future.example.com", date(2100), date(2101))
	startClock(t, futureRegistry+":443", certificate, key, func() time.Time { return date(2100).Add(30 * 24 * time.Hour) })
	certificate, key = issue(t, w.public, "slow.example.com", date(2020), date(2200))
	startClock(t, slowRegistry+":443", certificate, key, func() time.Time { return time.Now().Add(-10 * time.Minute) })
	certificate, key = issue(t, w.public, "six.example.com", date(2020), date(2200))
	startClock(t, "["+registry6+"]:443", certificate, key, time.Now)
	w.push(t, "six.example.com/site/store:1", w.public, registry6)
	w.push(t, "registry.example.com/site/store:1", w.public, openRegistry)
	w.push(t, "closed.example.com/site/store:1", w.site, closedRegistry)
	w.push(t, "slow.example.com/site/store:1", w.public, slowRegistry)
	w.push(t, "plain.example.com:5000/site/store:1", w.public, plainRegistry)
	return w
}

// push puts an artifact with one blob of 5000 bytes into a registry.
func (w *world) push(t *testing.T, reference string, trusted *authority.Certificate, address string) {
	t.Helper()
	layer := static.NewLayer(bytes.Repeat([]byte("stylet"), 1000)[:5000], types.OCILayer)
	image, err := mutate.AppendLayers(mutate.MediaType(empty.Image, types.OCIManifestSchema1), layer)
	require.NoError(t, err)
	ref, err := name.ParseReference(reference, name.Insecure)
	require.NoError(t, err)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted.Pool(), MinVersion: tls.VersionTLS12}, DialContext: to(address)}
	t.Cleanup(transport.CloseIdleConnections)
	auth := authn.FromConfig(authn.AuthConfig{Username: "till", Password: "open sesame"})
	require.NoError(t, remote.Write(ref, image, remote.WithTransport(transport), remote.WithAuth(auth), remote.WithContext(t.Context())))
}

// networkCase is a world with one thing wrong, or nothing.
type networkCase struct {
	name string
	// unplugged takes the cable out.
	unplugged bool
	// network is a shell script that sets the host's interface up; empty is a good one.
	network string
	// servers are the host's name servers; nil is the good one.
	servers []string
	// proxy, if not nil, runs while the host asks.
	proxy *proxy.Options
	// userData is what stands below `stylet:`; ${SITE_CA} and ${PROXY_CA} are certificates.
	userData string
	args     []string
	exit     int
}

const (
	goodNetwork = `ip address add 192.0.2.10/24 dev eth0; ip link set eth0 up; ip route add default via 192.0.2.1`
	noProfile   = "{}"
	profile     = "assignment: {profile: registry.example.com/site/store:1}"
	byProxy     = profile + "\nsite: {network: {httpsProxy: 'http://%s192.0.2.80:3128'}}"
)

func (w *world) check(t *testing.T, c networkCase) {
	t.Helper()
	network := c.network
	if network == "" {
		network = goodNetwork
	}
	shell(t, `ip link set cable up; ip netns exec host sh -ec 'ip link set eth0 down; ip address flush dev eth0; ip neigh flush dev eth0'`)
	shell(t, "ip netns exec host sh -ec '"+network+"'")
	if c.unplugged {
		shell(t, "ip link set cable down")
	}
	settleLink(t)
	resolv := "options timeout:2 attempts:1\n"
	if c.servers == nil {
		c.servers = []string{goodServer}
	}
	for _, server := range c.servers {
		resolv += "nameserver " + server + "\n"
	}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "resolv.conf"), []byte(resolv), 0o644))
	proxyCA := ""
	if c.proxy != nil {
		options := *c.proxy
		options.Listen, options.Roots, options.Dial = proxyAddress+":3128", w.public.Pool(), knownNames
		p, err := proxy.Start(t.Context(), options)
		require.NoError(t, err)
		t.Cleanup(p.Close)
		proxyCA = p.CAPEM()
	}
	userData := filepath.Join(dir, "user-data.yaml")
	require.NoError(t, os.WriteFile(userData, []byte(w.userData(c.userData, proxyCA)), 0o600))
	w.run(t, c, dir, userData)
}

// settleLink waits until the kernel has found out that nobody else has the host's addresses of IPv6.
func settleLink(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		out, err := exec.CommandContext(t.Context(), "ip", "-n", hostNetns, "-6", "address", "show", "tentative").Output()
		return err == nil && len(out) == 0
	}, 10*time.Second, 50*time.Millisecond)
}

func (w *world) userData(said, proxyCA string) string {
	indented := func(text string) string { return strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n            ") }
	text := "#cloud-config\n"
	if rest, ok := strings.CutPrefix(said, "config_url"); ok {
		line, below, _ := strings.Cut(rest, "\n")
		text, said = text+"config_url"+line+"\n", below
	}
	if said != "" {
		text += "stylet:\n  " + strings.ReplaceAll(said, "\n", "\n  ") + "\n"
	}
	text = strings.ReplaceAll(text, "${SITE_CA}", "|\n            "+indented(w.site.PEM()))
	return strings.ReplaceAll(text, "${PROXY_CA}", "|\n            "+indented(proxyCA))
}

// passing is what differs from run to run.
var passing = regexp.MustCompile(`clock\s+says\s+\d{4}-\d\d-\d\d\s+\d\d:\d\d\s+UTC|\d+ days behind|9 minutes|10 minutes`)

func (w *world) run(t *testing.T, c networkCase, dir, userData string) {
	t.Helper()
	script := `mount --bind "$1/resolv.conf" /etc/resolv.conf && shift && exec "$@"`
	argv := append([]string{"netns", "exec", hostNetns, "sh", "-ec", script, "host", dir, w.binary, "check", "network", "--user-data", userData, "--timeout", "60s"}, c.args...)
	host := exec.CommandContext(t.Context(), "ip", argv...)
	host.Env = []string{"PATH=" + os.Getenv("PATH"), "SSL_CERT_FILE=" + w.trust, "SSL_CERT_DIR=" + dir}
	var problems bytes.Buffer
	host.Stderr = &problems
	began := time.Now()
	out, err := host.Output()
	var exit *exec.ExitError
	if err != nil {
		require.ErrorAs(t, err, &exit)
	}
	text := passing.ReplaceAllStringFunc(string(out), func(found string) string {
		if strings.HasPrefix(found, "clock") {
			return "clock says (NOW)"
		}
		return "(SOME TIME)"
	})
	t.Logf("%s\n%s%s", time.Since(began).Round(time.Millisecond), text, &problems)
	assert.Equal(t, c.exit, host.ProcessState.ExitCode())
	for _, secret := range []string{"open sesame", "open%20sesame", "b3BlbiBzZXNhbWU", "wrong-password"} {
		assert.NotContains(t, string(out)+problems.String(), secret)
	}
	golden := filepath.Join("testdata", "check-network", c.name+".txt")
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(golden), 0o755))
		require.NoError(t, os.WriteFile(golden, []byte(text), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.Equal(t, string(want), text)
}
