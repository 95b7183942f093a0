package agent

import (
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/hostconfig"
	"github.com/stylet-edge/stylet/internal/identity"
	"github.com/stylet-edge/stylet/internal/site"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// given is a key with its value in user-data that says little else; without is the same but for the key.
type given struct{ with, without string }

// siteKeys gives each effective key of site: once.
func siteKeys(t *testing.T, root string) map[string]given {
	t.Helper()
	ca := authority(t)
	static := func(text string) string { return "network: {interfaces: {eth0: {type: static, " + text + "}}}" }
	user := func(text string) string { return "users: [{name: technician" + text + "}]" }
	return map[string]given{
		"site.name":                           {"name: till-7", ""},
		"site.prefix":                         {"prefix: till", ""},
		"site.hostName":                       {"hostName: till-7", ""},
		"site.deviceUIDPaths[].name":          {"deviceUIDPaths: [{name: /asset}]", ""},
		"site.deviceUIDPaths[].regex":         {"deviceUIDPaths: [{name: /asset, regex: '[0-9]+'}]", "deviceUIDPaths: [{name: /asset}]"},
		"site.caCerts[]":                      {"caCerts: ['" + ca + "']", ""},
		"site.ntpServers":                     {"ntpServers: time.example", ""},
		"site.tags.*":                         {"tags: {city: Bern}", ""},
		"site.tagsFromFile.fileName":          {"tagsFromFile: {fileName: " + root + "/tags}", ""},
		"site.tagsFromFile.delimiter":         {"tagsFromFile: {fileName: " + root + "/odd, delimiter: ;, separator: '='}", "tagsFromFile: {fileName: " + root + "/odd, separator: '='}"},
		"site.tagsFromFile.separator":         {"tagsFromFile: {fileName: " + root + "/tags, separator: ','}", "tagsFromFile: {fileName: " + root + "/tags}"},
		"site.tagsFromScript.scriptName":      {"tagsFromScript: {scriptName: " + root + "/script}", ""},
		"site.tagsFromScript.timeout":         {"tagsFromScript: {scriptName: " + root + "/slow, timeout: 1}", "tagsFromScript: {scriptName: " + root + "/slow}"},
		"site.users[].name":                   {user(""), ""},
		"site.users[].groups":                 {user(", groups: admin"), user("")},
		"site.users[].passwd":                 {user(", passwd: secret"), user("")},
		"site.users[].passwordExpiry":         {user(", passwordExpiry: 2030-01-31"), user("")},
		"site.users[].lock_passwd":            {user(", passwd: secret, lock_passwd: true"), user(", passwd: secret")},
		"site.users[].ssh_authorized_keys[]":  {user(", ssh_authorized_keys: ['ssh-ed25519 AAAA a']"), user("")},
		"site.network.httpProxy":              {"network: {httpProxy: 'http://p.example:1'}", ""},
		"site.network.httpsProxy":             {"network: {httpsProxy: 'http://p.example:1'}", ""},
		"site.network.noProxy":                {"network: {httpProxy: 'http://p.example:1', noProxy: .example}", "network: {httpProxy: 'http://p.example:1'}"},
		"site.network.nameserver":             {"network: {nameserver: 192.0.2.53}", ""},
		"site.network.interfaces.*.type":      {static("ipAddress: 192.0.2.7/24"), "network: {interfaces: {eth0: {type: dhcp}}}"},
		"site.network.interfaces.*.ipAddress": {static("ipAddress: 192.0.2.8/24"), static("ipAddress: 192.0.2.7/24")},
		"site.network.interfaces.*.mask":      {static("ipAddress: 192.0.2.7, mask: 255.255.0.0"), static("ipAddress: 192.0.2.7/24")},
		"site.network.interfaces.*.gateway":   {static("ipAddress: 192.0.2.7/24, gateway: 192.0.2.1"), static("ipAddress: 192.0.2.7/24")},
		"site.network.interfaces.*.nameserver": {
			static("ipAddress: 192.0.2.7/24, nameserver: '2001:db8::53'"), static("ipAddress: 192.0.2.7/24"),
		},
	}
}

// authority is a certificate, as user-data may write it in one line.
func authority(t *testing.T) string {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	return base64.StdEncoding.EncodeToString(block)
}

// Every key of site: that the documentation calls effective makes a host another one.
//
// Requirement: A3, U3
func TestEveryEffectiveKeyOfTheSiteHasAnEffect(t *testing.T) {
	root := t.TempDir()
	for name, file := range map[string]struct {
		text string
		mode os.FileMode
	}{
		"asset": {"tag 4711", 0o600}, "tags": {"city: Bern, Thun", 0o600}, "odd": {"a=1;b=2", 0o600},
		"script": {"#!/bin/sh\necho '{\"zip\": 3000}'\n", 0o700}, "slow": {"#!/bin/sh\nsleep 3\necho '{\"zip\": 3000}'\n", 0o700},
	} {
		require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(file.text), file.mode))
	}
	cases := siteKeys(t, root)
	for _, key := range v1alpha1.SiteKeys() {
		if !strings.HasPrefix(key.Path, "site.") || key.State != v1alpha1.KeyEffective {
			continue
		}
		t.Run(key.Path, func(t *testing.T) {
			c, known := cases[key.Path]
			require.True(t, known, "an effective key needs a proof of its effect")
			require.NotEqual(t, outcome(t, root, c.without), outcome(t, root, c.with))
		})
	}
}

// outcome is what a host becomes by what its user-data says of the site.
func outcome(t *testing.T, root, says string) string {
	t.Helper()
	read, err := site.Parse("u.yaml", []byte("#cloud-config\nstylet: {site: {"+says+"}}\n"))
	require.NoError(t, err)
	place := read.Site.Site
	record, err := identity.Keep("", root, place)
	require.NoError(t, err)
	if record.From == "random" {
		record.ID = "prefix " + place.Prefix
	}
	info := newHostInfo("", t.TempDir())
	info.units = command.Local{}
	info.learn(t.Context(), place)
	laid := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(laid, "etc/ssl/certs"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(laid, "etc/ssl/certs/ca-certificates.crt"), nil, 0o600))
	require.NoError(t, hostconfig.For(place, hostconfig.Host{Name: identity.HostName(record.ID, place)}).Lay(laid))
	var b strings.Builder
	fmt.Fprintln(&b, record.ID, info.get().Tags)
	require.NoError(t, filepath.WalkDir(laid, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			text, readErr := os.ReadFile(path)
			fmt.Fprintf(&b, "%s\n%s", strings.TrimPrefix(path, laid), text)
			return readErr
		}
		return err
	}))
	return b.String()
}
