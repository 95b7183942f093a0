package site

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// sourceOf is a source of files a.yaml, b.yaml and so on, named after it.
func sourceOf(name string, texts ...string) Source {
	s := Source{Name: name}
	for i, text := range texts {
		s.Files = append(s.Files, SourceFile{Name: name + "/" + string(rune('a'+i)) + ".yaml", Data: []byte("#cloud-config\n" + text)})
	}
	return s
}

func readAll(t *testing.T, sources ...Source) (Reading, error) {
	t.Helper()
	return Read(t.Context(), sources, nil)
}

// A later source wins, of our keys and of Kairos', and both places are told.
//
// Requirement: U3
func TestALaterSourceWins(t *testing.T) {
	read, err := readAll(t,
		sourceOf(SourceMedium, "hostname: iso\nstylet:\n  logLevel: info\n  registries: [{host: r.example, plainHTTP: true}, {host: a.example}]\nusers: [{name: technician, passwd: hunter2}]\n"),
		sourceOf(SourceCIData, "hostname: store-7\nstylus: {site: {name: x}}\nstylet:\n  logLevel: debug\n  registries: [{host: r.example}]\nusers: [{name: technician, passwd: hunter3}, {name: other}]\n"))
	require.NoError(t, err)
	assert.Equal(t, "debug", read.Site.LogLevel)
	assert.Equal(t, []v1alpha1.Registry{{Host: "r.example"}, {Host: "a.example"}}, read.Site.Registries)
	assert.Equal(t, "cidata/a.yaml:5:13", read.Origins["stylet.logLevel"])
	assert.Equal(t, "cidata/a.yaml:2:11", read.Origins["hostname"])
	assert.Equal(t, "cidata/a.yaml:7:16", read.Origins["users[0].name"], "a place of Kairos' keys too")
	var told []string
	for _, w := range read.Warnings {
		if w.Code == v1alpha1.CodeOverridden {
			told = append(told, w.String())
		}
	}
	assert.Len(t, told, 4)
	assert.Contains(t, told[0], "cidata/a.yaml:2:11: warning: hostname: this wins over boot medium/a.yaml:2:11 (cidata is stronger than boot medium)")
	assert.NotContains(t, strings.Join(told, "\n"), "hunter")
	assert.Contains(t, string(read.Document), "hunter3")
	assert.NotContains(t, string(read.Document), "hunter2")
}

func TestFilesOfOneSourceThatDisagree(t *testing.T) {
	_, err := readAll(t,
		sourceOf(SourceMedium, "stylet: {logLevel: info}\nk: 1\n"),
		sourceOf(SourceCIData, "stylet: {logLevel: info}\nk: 1\n", "stylet: {logLevel: warn}\nk: 2\n"))
	assert.Equal(t, []string{
		"cidata/b.yaml:2:20: stylet.logLevel: warn here, but info at cidata/a.yaml:2:20 (say it once)",
		"cidata/b.yaml:3:4: k: another value here, but what stands at cidata/a.yaml:3:4 (say it once)",
	}, problems(t, err), "what an earlier source says too is said by this one")
	for _, c := range [][3]string{
		{"k: [1]\n", "k: {a: 1}\n", "keys and values here, but a list at"},
		{"users: [{name: a, passwd: x}]\n", "users: [{name: a, passwd: y}]\n", "other settings for a here"},
		{"write_files: [{path: /a, content: x}]\n", "write_files: [{path: /a, content: y}]\n", "other settings for /a here"},
		{"stylet: {site: {network: {interfaces: {e: {type: static}}}}}\n", "stylet: {logLevel: loud}\n", "is not known here"},
	} {
		_, err := readAll(t, sourceOf(SourceCIData, c[0], c[1]))
		got := problems(t, err)
		require.Len(t, got, 1)
		assert.Contains(t, got[0], c[2])
	}
}

// What several files say together is checked together, and told where it stands.
//
// Requirement: U3
func TestRelationsOverFiles(t *testing.T) {
	for _, c := range []struct{ a, b, wrong string }{
		{"stylet: {install: {device: /dev/sda}}\n", "stylet: {install: {deviceSelector: {serial: S}}}\n", "oem/b.yaml:2:36: stylet.install.deviceSelector: install.device names the drive already"},
		{"stylus: {registryCredentials: {domain: r.example, username: u}}\n", "stylus: {registryCredentials: {password: x}}\n", ""},
		{"stylus: {registryCredentials: {domain: r.example}}\n", "stylus: {registryCredentials: {password: x}}\n", "stylus.registryCredentials: a login needs"},
		{"stylus: {site: {network: {interfaces: {eth0: {type: static, ipAddress: 192.0.2.7/24}}}}}\n", "stylet: {site: {network: {interfaces: {eth0: {gateway: 192.0.2.1}}}}}\n", ""},
		{"stylus: {site: {network: {interfaces: {eth0: {type: static, ipAddress: 192.0.2.7/24}}}}}\n", "stylet: {site: {network: {interfaces: {eth0: {gateway: 198.51.100.1}}}}}\n", "oem/b.yaml:2:56: stylet.site.network.interfaces.eth0.gateway: 198.51.100.1 is not in the network"},
		{"stylus: {site: {network: {interfaces: {eth0: {type: static}}}}}\n", "stylet: {logLevel: info}\n", "oem/a.yaml:2:46: stylus.site.network.interfaces.eth0.ipAddress: it is missing"},
		{"stylet: {install: {deviceSelector: {minSize: 2T}}}\n", "stylet: {install: {deviceSelector: {maxSize: 1T}}}\n", "oem/b.yaml:2:46: stylet.install.deviceSelector.maxSize: no drive is at most"},
		{"stylus: {installationMode: airgap}\n", "stylus: {managementMode: central}\n", "stylus.managementMode: central here, but airgap at oem/a.yaml:2:28 (installationMode)"},
		{"stylus: {site: {edgeHostToken: x}}\n", "stylus: {site: {projectName: y}}\n", ""},
	} {
		read, err := readAll(t, sourceOf(SourceOEM, c.a, c.b))
		if c.wrong == "" {
			assert.NoError(t, err)
			assert.NotContains(t, read.Warnings.Error(), "no project is named")
			continue
		}
		if got := problems(t, err); assert.Len(t, got, 1) {
			assert.Contains(t, got[0], c.wrong)
		}
	}
}

// The warning that no project is named would be wrong while a file is not read.
func TestNothingIsMissingInWhatWasNotRead(t *testing.T) {
	read, err := readAll(t, sourceOf(SourceOEM, "stylus: {site: {edgeHostToken: x}}\n", "stylus: {site: {projectName: y, nonsense: 1}}\n"))
	require.Error(t, err)
	assert.NotContains(t, read.Warnings.Error(), "no project")
}

// Steps of several files: none is lost, none acts twice, none takes another's place.
//
// Requirement: U3
func TestSteps(t *testing.T) {
	read, err := readAll(t,
		sourceOf(SourceMedium, "stages:\n  boot:\n  - commands: [a]\n  - {name: x, commands: [b]}\n  - commands: [c]\n"),
		sourceOf(SourceCIData, "stages:\n  boot:\n  - {commands: [b], name: x}\n  - commands: [a]\n  - commands: [d]\n  - commands: [a]\n  network: [{commands: [a]}]\n"))
	require.NoError(t, err)
	assert.Equal(t, `#cloud-config
stages:
  boot:
    - name: a.yaml boot 1
      commands:
        - a
    - name: x
      commands:
        - b
    - name: a.yaml boot 3
      commands:
        - c
    - name: a.yaml boot 3 (2)
      commands:
        - d
    - name: a.yaml boot 4
      commands:
        - a
  network:
    - name: a.yaml network 1
      commands:
        - a
`, string(read.Document))
	assert.Equal(t, "cidata/a.yaml:6:16", read.Origins["stages.boot[3].commands[0]"])

	_, err = readAll(t,
		sourceOf(SourceMedium, "stages: {boot: [{name: x, commands: [b]}]}\n"),
		sourceOf(SourceCIData, "stages: {boot: [{name: x, commands: [c]}], network: [{name: x}]}\n"))
	assert.Equal(t, []string{
		`cidata/a.yaml:2:17: stages.boot[0]: another step has the name "x" at boot medium/a.yaml:2:17 (give one of them another name, or make them equal: then they are one)`,
	}, problems(t, err))
}

// An installed host has the Document; what it was made of may still be there.
func TestTheDocumentBesideItsSourcesSaysTheSame(t *testing.T) {
	medium := sourceOf(SourceMedium, "runcmd: [a, b]\nstages:\n  boot:\n  - commands: [a]\n  - {name: x, commands: [b]}\nwrite_files: [{path: /a, content: \"x\\n\"}]\nstylet: {registries: [{host: a.example}]}\n")
	read, err := readAll(t, medium)
	require.NoError(t, err)
	again, err := readAll(t, medium, Source{Name: SourceOEM, Files: []SourceFile{{Name: "90_custom.yaml", Data: read.Document}}})
	require.NoError(t, err)
	assert.Equal(t, string(read.Document), string(again.Document))
}

func TestOneUserTwiceInAFile(t *testing.T) {
	read, err := readAll(t, sourceOf(SourceOEM, "users: [{name: a, passwd: x}, {name: a, passwd: y}]\n"))
	require.NoError(t, err)
	require.Len(t, read.Warnings, 1)
	assert.Contains(t, read.Warnings[0].String(), `users[1]: name "a" stands at oem/a.yaml:2:9 already: the last one wins`)
}

// What Kairos' keys are written with outlives the merge: values, quotes, numbers, long texts.
func TestKairosKeysAreWrittenAsTheyStand(t *testing.T) {
	text := "stylet:\n  site:\n    tags:\n      zip: \"01234\"\nmode: 0644\nquoted: '0644'\nexponent: 1e3\nday: 2030-01-01\nscript: |\n  #!/bin/sh\n    indented\nempty: {}\nnothing: null\nbinary: !!binary aGk=\n"
	read, err := readAll(t, sourceOf(SourceOEM, text))
	require.NoError(t, err)
	assert.Equal(t, "#cloud-config\n"+text, string(read.Document))
	read, err = readAll(t, sourceOf(SourceOEM, "base: &b {x: 1, y: 2}\nover: {<<: *b, y: 3}\nlist: [*b, {<<: [*b, {z: 1}]}]\n"))
	require.NoError(t, err)
	assert.Equal(t, "#cloud-config\nbase:\n  x: 1\n  y: 2\nover:\n  y: 3\n  x: 1\nlist:\n  - x: 1\n    y: 2\n  - x: 1\n    y: 2\n    z: 1\n", string(read.Document))
}

func TestWhatCannotBeMerged(t *testing.T) {
	bomb := "a0: &a0 [" + strings.Repeat("x, ", 9) + "x]\n"
	for i := 1; i < 7; i++ {
		n, p := string(rune('0'+i)), string(rune('0'+i-1))
		bomb += "a" + n + ": &a" + n + " [" + strings.Repeat("*a"+p+", ", 9) + "*a" + p + "]\n"
	}
	for text, want := range map[string]string{
		bomb:                         "the file unfolds to more than 20000 values",
		"a: &a [*a]\n":               "an alias (*) stands inside of what it means",
		"a: 1\na: 2\n":               "the key stands on line 2 already",
		"a: {[x]: 1}\n":              "a list or a mapping stands where a key is wanted",
		"a: {<<: 1}\n":               "<< wants keys and values",
		"x: &x {stylet: {}}\n<<: *x": "an alias (*) at the top brings this block",
	} {
		_, err := readAll(t, sourceOf(SourceOEM, text))
		assert.Contains(t, strings.Join(problems(t, err), "\n"), want)
	}
	// It is none of a running host's affair, which reads our blocks alone.
	dir := write(t, "90_custom.yaml", "#cloud-config\nhostname: a\nhostname: b\nstylet: {logLevel: debug}\n")
	read, err := LoadDir(strings.TrimSuffix(dir, "/90_custom.yaml"))
	require.NoError(t, err)
	assert.Equal(t, "debug", read.Site.LogLevel)
	assert.Nil(t, read.Document)
}

// On COS_OEM Kairos acts on each file, whatever stylet thinks of it: a host that runs goes on.
//
// Requirement: U3
func TestWhatIsInForceOnAHostIsNotRefused(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"10_one.yaml":   "hostname: a\nusers: [{name: u, passwd: x}]\nl: [1]\nstages: {boot: [{name: s, commands: [a]}]}\n",
		"20_two.yaml":   "hostname: b\nusers: [{name: u, passwd: y}]\nl: {a: 1}\nstages: {boot: [{name: s, commands: [b]}]}\n",
		"30_three.yaml": "hostname: c\nhostname: d\nstylet: {logLevel: debug}\n",
	} {
		path := filepath.Join(root, "oem", name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte("#cloud-config\n"+text), 0o600))
	}
	read, err := readAll(t, HostSources(root)...)
	require.NoError(t, err)
	assert.Equal(t, "debug", read.Site.LogLevel)
	assert.Equal(t, `#cloud-config
stylet:
  logLevel: debug
hostname: b
users:
  - name: u
    passwd: y
l:
  a: 1
stages:
  boot:
    - name: s
      commands:
        - a
    - name: s
      commands:
        - b
`, string(read.Document))
	assert.Len(t, read.Warnings, 5, read.Warnings.Error())
	_, err = readAll(t, sourceOf(SourceOEM, "stylet: {logLevel: debug}\n", "stylet: {logLevel: info}\n"))
	require.Error(t, err, "our own keys are another matter")
}
