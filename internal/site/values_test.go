package site

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/lab/authority"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// certificate makes one, PEM.
func certificate(t testing.TB) string {
	t.Helper()
	made, err := authority.New(authority.Spec{Name: "Site CA"})
	require.NoError(t, err)
	return made.PEM()
}

func encoded(t testing.TB) string {
	t.Helper()
	return base64.StdEncoding.EncodeToString([]byte(certificate(t)))
}

// Requirement: U3, A3
func TestDocumentedValues(t *testing.T) {
	ca := certificate(t)
	indented := strings.ReplaceAll(strings.TrimSpace(ca), "\n", "\n      ")
	for _, c := range []struct {
		block string // below stylus:
		wrong string // a part of the one error, "" if there is none
	}{
		{"managementMode: remote", "not known here (use central or local)"},
		{"installationMode: airgap\n  managementMode: central", "managementMode: central here, but airgap at u.yaml:3:21 (installationMode)"},
		{"installationMode: airgap\n  managementMode: local", ""},
		{"path: /", ""},
		{"path: /opt", "stylus.path: it is not supported"},
		{"localUI: {port: 65536}", "65536 is not a port"},
		{"localUI: {port: http}", "where a whole number is wanted"},
		{"localUI: {port: 1}\n  emcServer: {port: 2}", "another port than at"},
		{"registryCredentials: {username: u, password: p}", "stylus.registryCredentials.domain: it is missing"},
		{"registryCredentials: {domain: 'https://r.example'}", "is not a registry"},
		{"registryCredentials: {domain: r.example, username: u, password: 'not base64!', encodedPassword: true}", "it is not base64"},
		{"registryCredentials: {domain: r.example, username: u, password: c2VjcmV0, encodedPassword: true}", ""},
		{"externalRegistries: {registries: [{domain: r.example, certificates: x}]}", "where a list is wanted"},
		{"externalRegistries: {registryMappingRules: [a]}", "a list where keys and values are wanted"},
		{"site: {name: 'a/b'}", "a character that a host ID must not have"},
		{"site: {name: " + strings.Repeat("a", 129) + "}", "of 129 characters is too long"},
		{"site: {name: $random}", ""},
		{"site: {prefix: 'a_b'}", "cannot begin a host ID"},
		{"site: {hostName: Store_1}", "is not a host name"},
		{"site: {deviceUIDPaths: [{name: product_uuid}]}", "write the absolute path"},
		{"site: {deviceUIDPaths: [{name: /a, regex: '('}]}", "missing closing"},
		{"site:\n    caCerts:\n    - |\n      " + indented, ""},
		{"site: {caCerts: ['" + base64.StdEncoding.EncodeToString([]byte(ca)) + "']}", ""},
		{"site: {caCerts: [xyz]}", "neither PEM nor base64"},
		{"site: {caCerts: [aGVsbG8=]}", "holds no certificate"},
		{"site:\n    caCerts:\n    - |\n      " + indented[:len(indented)/2], "holds no certificate"},
		{"site:\n    caCerts:\n    - |\n      " + strings.ReplaceAll(indented, "CERTIFICATE", "PRIVATE KEY"), "only certificates belong here"},
		{"site:\n    caCerts:\n    - |\n      " + indented[:len(indented)/2] + "\n      " + indented, "one of its 2 certificates is damaged"},
		{"site: {ntpServers: 'a.example, 192.0.2.1'}", ""},
		{"site: {ntpServers: [a.example]}", ""},
		{"site: {tags: {zip: '01234', floor: 3}}", ""},
		{"site: {tags: {zip: 01234}}", "stylus.site.tags.zip: YAML takes this text for a number"},
		{"site: {users: [{name: a, passwd: 0123456}]}", "quote it"},
		{"site: {users: [{name: a, passwordExpiry: 2030-01-31}, {name: b, passwordExpiry: '2030-01-31T00:00:00Z'}]}", ""},
		{"site: {users: [null]}", "an item of the list is empty"},
		{"site: {paletteEndpoint: 'palette.example:8443'}", ""},
		{"site: {registrationURL: 'https://'}", "is not an address"},
		{"registryCredentials: {domain: /x}", "is not a registry"},
		{"registryCredentials: {domain: 'a:b:c'}", "is not a registry"},
		{"registryCredentials: {domain: r.example, password: x}", "a login needs username and password"},
		{"managementMode: ''\n  site: {hostName: '', network: {httpProxy: ''}}", ""},
		{"vip: {skip: false}\n  skipKubeVip: true", "false here, but true at"},
		{"site: {ntpServers: '" + strings.Repeat("a ", 1001) + "'}", "more than the 1000 items"},
		{"site: {tags: {zip: [1]}}", "a list where text is wanted"},
		{"site: {users: [{name: Root User}]}", "is not a user's name"},
		{"site: {users: [{passwd: x}]}", "stylus.site.users[0].name: it is missing"},
		{"site: {users: [{name: a, passwordExpiry: 31.1.2030}]}", "is not a day"},
		{"site: {users: [{name: a, ssh_authorized_keys: [ssh-ed25519]}]}", "not a public key of SSH"},
		{"site: {network: {httpProxy: 'proxy.example:3128'}}", "it is not the address of a proxy"},
		{"site: {network: {httpProxy: 'http://u:p%40ss@proxy.example:3128'}}", ""},
		{"site: {network: {noProxy: 'http://a.example'}}", "has an address with a scheme"},
		{"site: {network: {nameserver: '192.0.2.53, ns.example'}}", `"ns.example" is not an IP address`},
		{"site: {network: {interfaces: {eth0: {type: static}}}}", "stylus.site.network.interfaces.eth0.ipAddress: it is missing"},
		{"site: {network: {interfaces: {eth0: {type: static, ipAddress: 192.0.2.7}}}}", "has no mask"},
		{"site: {network: {interfaces: {eth0: {type: static, ipAddress: 192.0.2.7, mask: 255.255.0.255}}}}", "has holes"},
		{"site: {network: {interfaces: {eth0: {type: static, ipAddress: 192.0.2.7/24, mask: 255.255.255.0, gateway: 192.0.2.1}}}}", ""},
		{"site: {network: {interfaces: {eth0: {type: static, ipAddress: 192.0.2.7/24, mask: 16}}}}", "is another one than that of"},
		{"site: {network: {interfaces: {eth0: {type: static, ipAddress: '2001:db8::7/64', gateway: 'fe80::1'}}}}", ""},
		{"site: {network: {interfaces: {eth0: {type: static, ipAddress: '2001:db8::7/64', gateway: 192.0.2.1}}}}", "cannot be the gateway of"},
		{"site: {network: {interfaces: {eth0: {type: static, ipAddress: 192.0.2.7/24, gateway: 198.51.100.1}}}}", "is not in the network of"},
		{"site: {network: {interfaces: {eth0.100: {type: dhcp}}}}", ""},
		{"site: {network: {interfaces: {eth0: {ipAddress: 192.0.2.7/24}}}}", "an interface with DHCP gets it from the network"},
		{"site: {network: {interfaces: {a-name-too-long-for-linux: {type: dhcp}}}}", "is not the name of an interface"},
		{"EdgeHostToken: x", `there is no key "EdgeHostToken" here`},
		{"site: {EdgeHostToken: x}", "did you mean edgeHostToken?"},
		{"site: {Name: x}", "did you mean name?"},
		{"assignment: {profile: 'r.example/p:1'}", `there is no key "assignment" here`},
	} {
		_, err := Parse("u.yaml", []byte("#cloud-config\nstylus:\n  "+c.block+"\n"))
		if c.wrong == "" {
			assert.NoError(t, err, c.block)
			continue
		}
		if assert.Error(t, err, c.block) {
			got := problems(t, err)
			assert.Len(t, got, 1, c.block)
			assert.Contains(t, got[0], c.wrong, c.block)
		}
	}
}

// The same key in both blocks, and its old name.
func TestBothBlocks(t *testing.T) {
	read, err := Parse("u.yaml", []byte("#cloud-config\nstylet: {site: {name: a, tags: {x: 1}}}\nstylus: {site: {name: a, tags: {y: 2}}, installationMode: airgap, trace: true}\n"))
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"x": "1", "y": "2"}, read.Site.Site.Tags)
	assert.Equal(t, "local", read.Site.ManagementMode)
	assert.Equal(t, "debug", read.Site.LogLevel)
	assert.Equal(t, "u.yaml:3:36", read.Origins["stylet.site.tags.y"])
	assert.Equal(t, "u.yaml:3:59", read.Origins["stylet.managementMode"])
	_, err = Parse("u.yaml", []byte("#cloud-config\nstylet: {site: {name: a}}\nstylus: {site: {name: b}}\n"))
	assert.Equal(t, []string{"u.yaml:3:23: stylus.site.name: b here, but a at u.yaml:2:23 (say it once)"}, problems(t, err))
}

// A password that is wrong is not printed, nor one that contradicts another.
func TestSecretsAreNotInProblems(t *testing.T) {
	a := "#cloud-config\nstylus: {site: {edgeHostToken: hunter2, network: {httpProxy: 'u:hunter2@proxy'}}, registryCredentials: {domain: r.example, password: hunter2!, encodedPassword: true}}\n"
	b := "#cloud-config\nstylus: {site: {edgeHostToken: hunter3}}\n"
	one := func(text string) []string { return []string{"#cloud-config\nstylus: " + text + "\n"} }
	for _, texts := range [][]string{
		{a},
		{strings.ReplaceAll(b, "3", "2"), b},
		one("{registryCredentials: {domain: 'https://u:hunter2@r.example'}}"),
		one("{registryCredentials: {domain: 'u:hunter2@r.example'}}"),
		one("{registryCredentials: 'u:hunter2'}"),
		one("{registryCredentials: {domain: r.example, certificates: hunter2}}"),
		one("{site: {network: {noProxy: 'http://u:hunter2@a'}}}"),
		one("{site: {registrationURL: 'u:hunter2@:x'}}"),
		one("{site: {edgeHostToken: *hunter2}}"),
		one("{site: {edgeHostToken: !hunter2 }}"),
	} {
		var paths []string
		for _, text := range texts {
			paths = append(paths, write(t, "u.yaml", text))
		}
		read, err := Load(paths...)
		require.Error(t, err)
		var found v1alpha1.Problems
		require.ErrorAs(t, err, &found)
		assert.NotContains(t, found.Error()+read.Warnings.Error(), "hunter")
	}
}

// Requirement: A3, U3
func TestDocumentedRegistriesBecomeOurs(t *testing.T) {
	read, err := Parse("u.yaml", []byte(`#cloud-config
stylet:
  registries: [{host: a.example, username: mine, password: x}]
stylus:
  registryCredentials: {domain: 'a.example/path', username: theirs, password: x}
  externalRegistries:
    registries:
      - {domain: 'b.example:5000/spectro', username: u, password: aHVudGVyMg==, encodedPassword: true, insecure: true, certificates: ['`+encoded(t)+`']}
    registryMappingRules: {docker.io/library: b.example:5000/mirror}
`))
	require.NoError(t, err)
	require.Len(t, read.Site.Registries, 2)
	assert.Equal(t, "mine", read.Site.Registries[0].Username, "ours wins")
	b := read.Site.Registries[1]
	assert.Equal(t, "b.example:5000", b.Host)
	assert.Equal(t, "hunter2", b.Password.Reveal())
	assert.True(t, b.PlainHTTP && b.SkipTLSVerify)
	assert.Contains(t, b.CACerts[0], "-----BEGIN CERTIFICATE-----\n", "base64 becomes PEM")
	assert.Equal(t, map[string]string{"docker.io/library": "b.example:5000/mirror"}, read.Site.ExternalRegistries.MappingRules)
	require.Len(t, read.Warnings, 1)
	assert.Contains(t, read.Warnings[0].String(), "u.yaml:5:24: warning: stylus.registryCredentials: the registry a.example is set up under registries")
}
