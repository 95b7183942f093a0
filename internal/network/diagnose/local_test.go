package diagnose

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// tree makes files below a root; a path that ends with / is a directory.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		path := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		if strings.HasSuffix(name, "/") {
			require.NoError(t, os.MkdirAll(path, 0o755))
			continue
		}
		require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
	}
	return root
}

func names(links []link) []string {
	var list []string
	for _, l := range links {
		list = append(list, l.Name)
	}
	return list
}

// Interfaces of containers say nothing about the way out; a bridge over a real card does.
func TestLinksThatLeadOut(t *testing.T) {
	const net = "sys/class/net/"
	root := tree(t, map[string]string{
		net + "lo/type": "772\n", net + "lo/carrier": "1\n", net + "bonding_masters": "",
		net + "enp1s0/type": "1\n", net + "enp1s0/carrier": "1\n", net + "enp1s0/speed": "1000\n", net + "enp1s0/device/": "",
		net + "enp2s0/type": "1\n", net + "enp2s0/speed": "-1\n", net + "enp2s0/device/": "",
		net + "br0/type": "1\n", net + "br0/carrier": "1\n", net + "br0/lower_bond0/": "",
		net + "bond0/type": "1\n", net + "bond0/carrier": "1\n", net + "bond0/lower_enp1s0/": "",
		net + "cni0/type": "1\n", net + "cni0/carrier": "1\n", net + "cni0/lower_veth12/": "",
		net + "veth12/type": "1\n", net + "veth12/carrier": "1\n",
	})
	links, err := readLinks(root)
	require.NoError(t, err)
	assert.Equal(t, []string{"bond0", "br0", "enp1s0", "enp2s0"}, names(links))
	f := judgeLinks(links)
	assert.Equal(t, Pass, f.Verdict)
	assert.Equal(t, "bond0 up; br0 up; enp1s0 up, 1000 Mbit/s; enp2s0 has no link", f.Measured)

	for i := range links {
		links[i].Carrier = false
	}
	assert.Equal(t, "no-carrier", judgeLinks(links).Cause)
	assert.Equal(t, "none", judgeLinks(nil).Cause)

	_, err = readLinks(t.TempDir())
	require.ErrorContains(t, err, "sys/class/net")
}

func TestAddresses(t *testing.T) {
	prefixes := func(texts ...string) (list []netip.Prefix) {
		for _, text := range texts {
			list = append(list, netip.MustParsePrefix(text))
		}
		return list
	}
	for name, c := range map[string]struct {
		links           []link
		cause, measured string
	}{
		"both kinds":  {[]link{{Name: "eth0", Addresses: prefixes("192.0.2.7/24", "2001:db8::7/64", "fe80::7/64")}}, "", "eth0 192.0.2.7/24 2001:db8::7/64"},
		"the second":  {[]link{{Name: "eth0", Addresses: prefixes("fe80::7/64")}, {Name: "eth1", Addresses: prefixes("10.0.0.7/8")}}, "", "eth1 10.0.0.7/8"},
		"its own":     {[]link{{Name: "eth0", Addresses: prefixes("169.254.1.2/16", "fe80::7/64")}}, "link-local", "eth0 169.254.1.2/16; eth0 fe80::7/64"},
		"none at all": {[]link{{Name: "eth0"}}, "none", "no address"},
	} {
		t.Run(name, func(t *testing.T) {
			f := judgeAddresses(c.links)
			assert.Equal(t, c.cause, f.Cause)
			assert.Equal(t, c.measured, f.Measured)
			assert.Equal(t, c.cause != "", f.Remedy != "")
		})
	}
}

func TestGateways(t *testing.T) {
	at := func(address, name string, state answer) gateway {
		return gateway{Address: netip.MustParseAddr(address), Interface: name, State: state}
	}
	for want, gateways := range map[string][]gateway{
		"pass : 192.0.2.1 by eth0 answers":                                                        {at("192.0.2.1", "eth0", answers)},
		"pass : 192.0.2.1 by eth0 unknown whether it answers; by ppp0":                            {at("192.0.2.1", "eth0", unknown), {Interface: "ppp0"}},
		"warn gateway-silent: 192.0.2.1 by eth0 answers; fe80::1 by eth0 does not answer":         {at("192.0.2.1", "eth0", answers), at("fe80::1", "eth0", silent)},
		"fail gateway-silent: 192.0.2.1 by eth0 does not answer; fe80::1 by eth1 does not answer": {at("192.0.2.1", "eth0", silent), at("fe80::1", "eth1", silent)},
		"warn no-default: no default route":                                                       nil,
	} {
		f := judgeGateways(gateways)
		assert.Equal(t, want, string(f.Verdict)+" "+f.Cause+": "+f.Measured)
	}
}

// systemd-resolved hides the servers that it asks.
func TestNameServers(t *testing.T) {
	root := tree(t, map[string]string{
		"etc/resolv.conf":                 "# by resolved\nnameserver 127.0.0.53\noptions edns0 trust-ad\nsearch store.example\n",
		"run/systemd/resolve/resolv.conf": "nameserver 192.0.2.53\nnameserver 2001:db8::53\nnameserver fe80::1%eth0\n",
	})
	servers := nameServers(Settings{Root: root, NameServers: []string{"192.0.2.53", "192.0.2.54", "not an address"}})
	var shown []string
	for _, s := range servers {
		shown = append(shown, s.String()+" "+s.Source)
	}
	assert.Equal(t, []string{"127.0.0.53 host", "192.0.2.53 host", "2001:db8::53 host", "fe80::1%eth0 host", "192.0.2.54 user-data"}, shown)
	assert.Empty(t, nameServers(Settings{Root: t.TempDir()}))
}

func TestTimeServiceState(t *testing.T) {
	assert.Equal(t, "time service: unknown", readSynced(t.TempDir()))
	assert.Equal(t, "time service: not synchronized yet", readSynced(tree(t, map[string]string{"run/systemd/timesync/": ""})))
	assert.Equal(t, "time service: synchronized", readSynced(tree(t, map[string]string{"run/systemd/timesync/synchronized": ""})))
}
