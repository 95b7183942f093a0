package hostconfig

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

var update = flag.Bool("update", false, "write the golden files anew")

// everything a site can say of a host.
func everything() v1alpha1.Place {
	return v1alpha1.Place{
		CACerts:    []string{"-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n"},
		NTPServers: v1alpha1.TextList{"time.example", "2001:db8::123"},
		Users: []v1alpha1.OSUser{
			{Name: "technician", Groups: v1alpha1.TextList{"admin", "dialout"}, Passwd: "pass: word'", PasswordExpiry: "2027-01-31", SSHAuthorizedKeys: []string{"ssh-ed25519 AAAA t@example"}},
			{Name: "keyonly", SSHAuthorizedKeys: []string{"ssh-ed25519 BBBB k@example"}},
		},
		Network: v1alpha1.Network{
			HTTPProxy: "http://till:p%40ss$w%22ord@proxy.example:3128", HTTPSProxy: "http://proxy.example:3128",
			NoProxy: "10.0.0.0/8, .example", Nameserver: v1alpha1.TextList{"192.0.2.53"},
			Interfaces: map[string]v1alpha1.Interface{
				"eth0":   {Type: "static", IPAddress: "192.0.2.7", Mask: "255.255.255.0", Gateway: "192.0.2.1"},
				"eth1":   {Type: "static", IPAddress: "2001:db8::7/64", Gateway: "fe80::1", Nameserver: v1alpha1.TextList{"2001:db8::53"}},
				"enp3s0": {Type: "dhcp"},
			},
		},
	}
}

// Requirement: A3
func TestTheFilesOfAHost(t *testing.T) {
	for name, c := range map[string]Configuration{
		"everything": For(everything(), Host{Name: "till-7.example", Cards: map[string]string{"eth0": "52:54:00:12:34:56"}}),
		"nothing":    For(v1alpha1.Place{}, Host{Name: "edge-1"}),
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			write := func(name, text string) {
				require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755))
				require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o600))
			}
			write("etc/hosts", "127.0.0.1 localhost\n")
			write("etc/ssl/certs/ca-certificates.crt", "the system's own authorities")
			require.NoError(t, c.Lay(root))
			first := shown(t, root)
			require.NoError(t, c.Lay(root))
			assert.Equal(t, first, shown(t, root), "laid twice is as laid once")
			golden(t, name+".txt", first)
		})
	}
}

// shown is the tree below root as text.
func shown(t *testing.T, root string) string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		require.NoError(t, err)
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		fmt.Fprintf(&b, "--- %s %s\n%s", strings.TrimPrefix(path, root), info.Mode(), text)
		return nil
	}))
	return b.String()
}

func golden(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), text)
}

// Requirement: A3
func TestAnImageWithoutAuthoritiesIsTold(t *testing.T) {
	root := t.TempDir()
	err := For(everything(), Host{Name: "x"}).Lay(root)
	require.ErrorContains(t, err, "no list of authorities")
	assert.FileExists(t, filepath.Join(root, ProxyFile), "the rest is there all the same")
}

// Requirement: A3
func TestUsersGoWithTheUserData(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, Configuration{Users: everything().Users}.Lay(root))
	assert.FileExists(t, filepath.Join(root, UsersFile))
	require.NoError(t, Configuration{}.Lay(root))
	assert.NoFileExists(t, filepath.Join(root, UsersFile))
}

// A file that was there for all keeps nothing of its mode while it holds a secret.
//
// Requirement: A3
func TestSecretsAreNeverOpen(t *testing.T) {
	root := t.TempDir()
	path := filepath.Join(root, "etc/environment")
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, nil, 0o644)) // what the image has
	c := For(v1alpha1.Place{Network: v1alpha1.Network{HTTPProxy: "http://u:geheim@proxy.example"}}, Host{})
	require.NoError(t, c.Lay(root))
	for _, f := range c.Files {
		info, err := os.Stat(filepath.Join(root, f.Path))
		require.NoError(t, err)
		if strings.Contains(f.Content, "geheim") {
			assert.Equal(t, os.FileMode(0o600), info.Mode(), f.Path)
		}
	}
}
