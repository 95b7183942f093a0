package site

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// All problems of a file at once, each with its place and what to write instead.
//
// Requirement: U3
func TestAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	_, err := Parse("u.yaml", []byte(`#cloud-config
stylet:
  assignment:
    profile: store:1.0
    pollIntervall: 30s
  registries:
    - plainHTTP: yes please
    - host: http://registry.example
  install:
    device: auto
    maxImageSize: 512Mi
    after: sleep
    force: true
    force: true
  probe:
    overrides:
      - check: ""
        reason: because
      - check: cpu.cores
  logLevel: loud
`))
	got := problems(t, err)
	want := []string{
		`u.yaml:4:14: stylet.assignment.profile: `,
		`u.yaml:5:5: stylet.assignment.pollIntervall: there is no key "pollIntervall" here (did you mean pollInterval?)`,
		`u.yaml:7:7: stylet.registries[0].host: the host is missing (`,
		`u.yaml:7:18: stylet.registries[0].plainHTTP: "yes please" where true or false is wanted`,
		`u.yaml:8:13: stylet.registries[1].host: "http://registry.example" is more than a host (`,
		`u.yaml:10:13: stylet.install.device: stylet does not guess drives (`,
		`u.yaml:11:19: stylet.install.maxImageSize: 512Mi has no room for an image (`,
		`u.yaml:12:12: stylet.install.after: "sleep" is not known here (use reboot or poweroff)`,
		`u.yaml:14:5: stylet.install.force: the key stands on line 13 already`,
		`u.yaml:17:16: stylet.probe.overrides[0].check: the check's code is missing (`,
		`u.yaml:19:9: stylet.probe.overrides[1].reason: the reason is missing (`,
		`u.yaml:20:13: stylet.logLevel: "loud" is not known here (use debug or info or warn or error)`,
	}
	require.Len(t, got, len(want), strings.Join(got, "\n"))
	for i := range want {
		assert.Contains(t, got[i], want[i])
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	digest := "sha256:" + strings.Repeat("a", 64)
	cases := []struct {
		block string
		wrong string // a part of the problem, "" if the value is right
	}{
		{"assignment: {profile: 'localhost:5000/p:1'}", ""},
		{"assignment: {profile: 'r.example/a/b@" + digest + "'}", ""},
		{"assignment: {profile: 'r.example/a/b:1@" + digest + "'}", ""},
		{"assignment: {profile: 'r.example/a/b'}", "profile"},
		{"assignment: {profile: 'oci://r.example/a/b:1'}", "profile"},
		{"assignment: {profile: ''}", "profile"},
		{"assignment: {profile: }", ""},
		{"assignment: {pollInterval: 1s}", ""},
		{"assignment: {pollInterval: 999ms}", "999ms is too often"},
		{"assignment: {pollInterval: 0s}", "0s is too often"},
		{"assignment: {pollInterval: 30}", "not a duration"},
		{"registries: [{host: '10.0.2.100:5000'}]", ""},
		{"registries: [{host: 'bad host'}]", "bad host"},
		{"registries: [{host: r.example, plainHTTP: true}, {host: r.example}]", "r.example"},
		{"install: {device: /dev/sda}", ""},
		{"install: {device: sda}", "not the path of a device"},
		{"install: {device: /dev/../etc/passwd}", "not the path of a device"},
		{"install: {device: ''}", "not the path of a device"},
		{"install: {maxImageSize: 1Gi}", ""},
		{"install: {maxImageSize: 0}", "has no room"},
		{"install: {maxImageSize: 1073741823}", "has no room"},
		{"install: {force: maybe}", "true or false"},
		{"install: {after: ''}", "not known here"},
		{"install: {deviceSelector: {serial: S1, maxSize: 1T}}", ""},
		{"install: {deviceSelector: {serial: '', maxSize: 1T}}", "serial: it is empty, which would be any drive"},
		{"install: {deviceSelector: {model: '[', maxSize: 1T}}", "is not a pattern"},
		{"install: {deviceSelector: {minSize: 2T, maxSize: 1T}}", "no drive is at most"},
		{"install: {deviceSelector: {transport: floppy}}", "not known here"},
		{"install: {deviceSelector: {}}", "it describes no drive"},
		{"install: {device: /dev/sda, deviceSelector: {serial: S1}}", "names the drive already"},
		{"registries: [{host: r.example, username: u}]", "a login needs username and password"},
		{"registries: [null]", "an item of the list is empty"},
		{"registries: [{host: r.example, caCerts: [x]}]", "neither PEM nor base64"},
		{"assignment: {profile: !secret x}", "a tag (!) is not allowed here"},
		{"logLevel: warn", ""},
		{"logLevel: Warn", "not known here"},
		{"probe: {overrides: [{check: cpu.cores, reason: '  '}]}", "reason is missing"},
	}
	for _, c := range cases {
		_, err := Parse("u.yaml", []byte("#cloud-config\nstylet:\n  "+c.block+"\n"))
		if c.wrong == "" {
			assert.NoError(t, err, c.block)
			continue
		}
		require.Error(t, err, c.block)
		got := problems(t, err)
		assert.Len(t, got, 1, c.block)
		assert.Contains(t, got[0], c.wrong, c.block)
	}
}

// A key of ours at the top would leave the host without it. Kairos' own keys of the same name pass.
func TestKeysOutsideTheirBlock(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"assignment", "registries", "vip", "site", "siteNetwork"} {
		read, err := Parse("u.yaml", []byte("#cloud-config\n"+key+": {}\n"))
		require.NoError(t, err, "it may be somebody else's file")
		require.Len(t, read.Warnings, 1, key)
		require.Equal(t, v1alpha1.CodeMisplaced, read.Warnings[0].Code)
		_, err = Parse("u.yaml", []byte("#cloud-config\nstylet: {}\n"+key+": {}\n"))
		require.Error(t, err, key)
	}
	read, err := Parse("u.yaml", []byte("#cloud-config\nstylet: {}\ndebug: true\ninstall: {}\n"))
	require.NoError(t, err)
	require.Empty(t, read.Warnings)
}

func TestSlips(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"stylett", "stlyet", "stilet", "Stylet", "tylet", "style", "sty-let"} {
		assert.True(t, isSlip(word, "stylet"), word)
	}
	for _, word := range []string{"stages", "install", "users", "style-sheet", "stylus", ""} {
		assert.False(t, isSlip(word, "stylet"), word)
	}
}

// nonZero has the keys whose values are not zero.
type nonZero v1alpha1.Site

func (s nonZero) Has(path string) bool {
	return map[string]bool{
		"stylet.assignment.profile":      s.Assignment.Profile != "",
		"stylet.assignment.pollInterval": s.Assignment.PollInterval != 0,
		"stylet.install.device":          s.Install.Device != "",
		"stylet.install.maxImageSize":    s.Install.MaxImageSize != 0,
		"stylet.install.after":           s.Install.After != "",
		"stylet.logLevel":                s.LogLevel != "",
	}[path]
}

// Text and IsText are asked of documented keys only.
func (nonZero) Text(string) string { return "" }
func (nonZero) IsText(string) bool { return false }

// Whatever the bytes: no panic, and either a Site whose values are all allowed, or nothing at all.
func FuzzParse(f *testing.F) {
	f.Add([]byte(full))
	f.Add([]byte("#cloud-config\nstylet: {assignment: {profile: 'r.example/p:1'}}\n"))
	f.Add([]byte("#cloud-config\nstylet:\n  registries:\n  - host: a\n  - host: a\n"))
	f.Add([]byte("#cloud-config\nstylet: {install: {maxImageSize: 9999999Ti, device: \"/dev/\\0\"}}"))
	f.Add([]byte("#cloud-config\n? [a]\n: b\nstylet: !!binary aGk=\n"))
	f.Add([]byte("#cloud-config\nstylus: {registryCredentials: {domain: /x}, externalRegistries: {registries: [{domain: 'a:b:c'}], registryMappingRules: {a: b}}}\n"))
	f.Add([]byte("#cloud-config\nstylus: {site: {network: {interfaces: {eth0.1: {type: static, ipAddress: 192.0.2.7/24, mask: 255.255.255.0}}}, tags: {a: 1}, users: [null]}, installationMode: airgap}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := Parse("u.yaml", data)
		if err != nil {
			require.Empty(t, got.Site)
			require.Nil(t, got.Origins)
			require.NotEmpty(t, problems(t, err))
			return
		}
		require.True(t, hasHeader(data))
		require.Empty(t, check(part{block: block, site: got.Site}, nonZero(got.Site)))
	})
}

func FuzzCertificates(f *testing.F) {
	f.Add("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
	f.Add("LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==")
	f.Add(certificate(f))
	f.Fuzz(func(t *testing.T, text string) {
		certificates, err := Certificates(text)
		if err != nil {
			return
		}
		again, err := Certificates(certificates)
		require.NoError(t, err)
		require.Equal(t, certificates, again)
	})
}
