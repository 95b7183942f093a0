package site

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// companions are what a key needs beside it to make sense.
func companions(path string) map[string]string {
	switch path {
	case "site.network.interfaces.*.type":
		return map[string]string{"ipAddress": "192.0.2.7/24"}
	case "site.network.interfaces.*.ipAddress":
		return map[string]string{"type": "static"}
	case "site.network.interfaces.*.mask":
		return map[string]string{"type": "static", "ipAddress": "192.0.2.7"}
	case "site.network.interfaces.*.gateway":
		return map[string]string{"type": "static", "ipAddress": "192.0.2.7/24"}
	}
	return nil
}

// sample writes a file in which one documented key alone is given, below the block, with its companions.
func sample(block, path, value string) string {
	var b strings.Builder
	b.WriteString("#cloud-config\n" + block + ":\n")
	indent, beside := "  ", companions(path)
	path = strings.ReplaceAll(path, "[]", ".-")
	names := strings.Split(strings.ReplaceAll(path, "*", "eth0"), ".")
	for i, name := range names {
		last := i == len(names)-1
		switch {
		case name == "-" && last:
			fmt.Fprintf(&b, "%s- %s\n", indent, value)
		case name == "-":
			fmt.Fprintf(&b, "%s- \n", indent)
		case last:
			fmt.Fprintf(&b, "%s%s: %s\n", indent, name, value)
			for other, its := range beside {
				fmt.Fprintf(&b, "%s%s: %s\n", indent, other, its)
			}
		default:
			fmt.Fprintf(&b, "%s%s:\n", indent, name)
		}
		indent += "  "
	}
	return b.String()
}

// values are right values for keys that do not take any text.
func values(t *testing.T) map[string]string {
	t.Helper()
	certificate := encoded(t)
	return map[string]string{
		"path": "/opt", "managementMode": "local", "installationMode": "airgap",
		"localUI.port": "5081", "emcServer.port": "5081", "imageRedirectWebhook.port": "8443",
		"localUI.login.attemptsBeforeExponentialDelayStarts": "4", "localUI.login.maxFailedAttemptsBeforeLockout": "6",
		"localUI.login.lockoutDurationInMinutes": "16", "site.tagsFromScript.timeout": "30",
		"imageRedirectWebhook.enable": "false", "site.hostName": "store-1",
		"registryCredentials.certificates[]": certificate, "externalRegistries.registries[].certificates[]": certificate, "site.caCerts[]": certificate,
		"site.deviceUIDPaths[].name": "/sys/class/dmi/id/board_serial", "site.users[].passwordExpiry": "2030-01-31",
		"site.users[].ssh_authorized_keys[]": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 a", "site.users[].name": "technician",
		"site.network.httpProxy": "http://u:p@proxy.example:3128", "site.network.httpsProxy": "http://proxy.example:3128",
		"site.network.nameserver": "192.0.2.53", "site.network.interfaces.*.type": "static", "site.network.interfaces.*.ipAddress": "192.0.2.7/24",
		"site.network.interfaces.*.mask": "24", "site.network.interfaces.*.gateway": "192.0.2.1", "site.network.interfaces.*.nameserver": "[192.0.2.53, '2001:db8::53']",
		"externalRegistries.registryMappingRules.*": "registry.example/mirror", "site.tagsFromFile.delimiter": ";", "site.tagsFromFile.separator": "=",
		"registryCredentials.domain": "registry.example:5000/x", "externalRegistries.registries[].domain": "registry.example",
		"site.name": "till-7",
	}
}

func isBool(path string) bool {
	for _, p := range v1alpha1.SitePaths() {
		if p.Path == path {
			return p.Type == "true or false"
		}
	}
	return false
}

// Each documented key is effective, or a warning says when it will be, or an error that it is not
// supported. Both blocks mean the same.
//
// Requirement: U3, A3
func TestEveryDocumentedKeyIsAnswered(t *testing.T) {
	for _, key := range v1alpha1.SiteKeys() {
		if key.Ours {
			continue
		}
		t.Run(key.Path, func(t *testing.T) {
			value := values(t)[key.Path]
			switch {
			case value != "":
			case isBool(key.Path):
				value = "true"
			default:
				value = "some"
			}
			said := map[string]v1alpha1.Site{}
			for _, block := range []string{block, documented} {
				read, err := Parse("u.yaml", []byte(sample(block, key.Path, value)))
				var about v1alpha1.Problems
				if err != nil {
					require.ErrorAs(t, err, &about)
				}
				about = append(about, read.Warnings...)
				var codes []string
				for _, p := range about {
					if found, ok := v1alpha1.KeyOf(strings.TrimPrefix(strings.TrimPrefix(p.Path, block), ".")); ok && found.Path == key.Path {
						codes = append(codes, p.CodeOr())
						assert.NotZero(t, p.Line)
						assert.Equal(t, strings.HasPrefix(p.Code, "key.") && p.Code != v1alpha1.CodeUnsupported || key.Path == "site.edgeHostToken", p.Warning, p)
					}
				}
				want := map[v1alpha1.KeyState]string{
					v1alpha1.KeyPlanned: v1alpha1.CodePlanned, v1alpha1.KeyDeprecated: v1alpha1.CodeDeprecated,
					v1alpha1.KeyIgnored: v1alpha1.CodeIgnored, v1alpha1.KeyUnsupported: v1alpha1.CodeUnsupported,
				}[key.State]
				if want == "" {
					assert.Empty(t, codes)
				} else {
					assert.Contains(t, codes, want, "%s\n%v", sample(block, key.Path, value), about)
				}
				said[block] = read.Site
			}
			assert.Equal(t, said[block], said[documented])
		})
	}
}

func TestADefaultIsNoWarning(t *testing.T) {
	for _, key := range v1alpha1.SiteKeys() {
		if key.State != v1alpha1.KeyPlanned || key.Default == "" || strings.Contains(key.Default, " ") || strings.Contains(key.Path, "[]") || strings.HasPrefix(key.Default, `\`) {
			continue
		}
		read, err := Parse("u.yaml", []byte(sample(block, key.Path, key.Default)))
		if err == nil {
			assert.Empty(t, read.Warnings, key.Path)
		}
	}
}
