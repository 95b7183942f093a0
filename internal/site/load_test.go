package site

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

const full = `#cloud-config
hostname: edge-1
users:
  - name: kairos
    passwd: {a: b}
stages:
  boot:
    - &step {name: x}
    - *step
install:
  partitions: {state: {size: 10000}}
stylet:
  assignment:
    profile: registry.example:5000/profiles/store:1.30
    pollInterval: 30s
  registries:
    - host: registry.example:5000
      plainHTTP: true
  install:
    device: /dev/disk/by-id/nvme-Maker_Model_S1
    maxImageSize: 12Gi
    force: true
    after: poweroff
  probe:
    overrides:
      - check: memory.minimum
        reason: test bench
  logLevel: debug
`

// Requirement: U3
func TestTheWholeBlockIsRead(t *testing.T) {
	t.Parallel()
	read, err := Load(write(t, "user-data.yaml", full))
	site, origins := read.Site, read.Origins
	require.NoError(t, err)
	assert.Equal(t, v1alpha1.Site{
		Assignment: v1alpha1.Assignment{Profile: "registry.example:5000/profiles/store:1.30", PollInterval: v1alpha1.Duration(30 * time.Second)},
		Registries: []v1alpha1.Registry{{Host: "registry.example:5000", PlainHTTP: true}},
		Install: v1alpha1.Install{
			Device: "/dev/disk/by-id/nvme-Maker_Model_S1", MaxImageSize: 12 << 30, Force: true, After: "poweroff",
		},
		Probe:    v1alpha1.ProbePlan{Overrides: []v1alpha1.ProbeOverride{{Check: "memory.minimum", Reason: "test bench"}}},
		LogLevel: "debug",
	}, site)
	assert.Regexp(t, `user-data\.yaml:14:14$`, origins["stylet.assignment.profile"])
	assert.Regexp(t, `user-data\.yaml:17:7$`, origins["stylet.registries[0]"])
}

func TestNoBlockIsAHostThatWaits(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"#cloud-config\nhostname: x\n", "#cloud-config\n\n  # nothing yet\n", "#cloud-config\nstylet:\n", "#cloud-config  \r\nstylet: {}\r\n"} {
		read, err := Load(write(t, "u.yaml", text))
		require.NoError(t, err, text)
		assert.Equal(t, v1alpha1.Site{}, read.Site)
	}
}

// kairos-agent writes the merged user-data there, keys in its own order, after its install.
func TestTheDirectoryOfAnInstalledHost(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	put := func(name, text string) {
		path := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o640))
	}
	put("oem/90_custom.yaml", "#cloud-config\n\ninstall:\n    auto: false\n    nousers: true\nstages:\n    initramfs:\n        - name: x\nstylet:\n    assignment:\n        pollInterval: 5s\n        profile: r.example/p:1\n    registries:\n        - host: r.example\n          plainHTTP: true\n")
	put("oem/10_boot_assessment.yaml", "#cloud-config\nstages: {}\n")
	put("oem/no-header.yaml", "stylet: {logLevel: loud}\n")
	put("oem/broken-of-others.yaml", "#cloud-config\nstages: [\n")
	put("oem/latin1.yml", "#cloud-config\nhostname: \xfcber\n")
	put("oem/grubenv", "stylet: nonsense")
	put("oem/deeper/x.yaml", "#cloud-config\nstylet: {logLevel: loud}\n")
	read, err := LoadHost(root)
	site, origins := read.Site, read.Origins
	require.NoError(t, err)
	assert.Equal(t, "r.example/p:1", site.Assignment.Profile)
	assert.Equal(t, filepath.Join(root, "oem", "90_custom.yaml")+":12:18", origins["stylet.assignment.profile"])

	read, err = LoadDir(filepath.Join(root, "missing"))
	require.NoError(t, err)
	assert.Equal(t, Reading{}, read)

	// The same words on the medium are no contradiction.
	put("run/initramfs/live/user-data.yaml", "#cloud-config\nstylet:\n  registries: [{host: r.example, plainHTTP: true}]\n  logLevel: warn\n")
	read, err = LoadHost(root)
	require.NoError(t, err)
	site = read.Site
	assert.Len(t, site.Registries, 1)
	assert.Equal(t, "warn", site.LogLevel)
}

func TestFilesThatDisagree(t *testing.T) {
	t.Parallel()
	a := write(t, "a.yaml", "#cloud-config\nstylet:\n  assignment: {profile: 'r.example/p:1', pollInterval: 5s}\n  install: {force: true}\n  registries: [{host: r.example, plainHTTP: true}]\n")
	b := write(t, "b.yaml", "#cloud-config\nstylet:\n  assignment: {profile: 'r.example/p:2'}\n  install: {force: false}\n  registries: [{host: r.example}, {host: other.example}]\n")
	read, err := Load(a, b)
	assert.Equal(t, Reading{}, read, "nothing is half accepted")
	assert.Equal(t, []string{
		b + ":3:25: stylet.assignment.profile: r.example/p:2 here, but r.example/p:1 at " + a + ":3:25 (say it once)",
		b + ":4:20: stylet.install.force: false here, but true at " + a + ":4:20 (say it once)",
		b + ":5:16: stylet.registries[0]: other settings for r.example here, but these at " + a + ":5:16 (say it once)",
	}, problems(t, err))
}

func TestBadFiles(t *testing.T) {
	t.Parallel()
	cases := map[string]string{
		"stylet: {}\n":                                   `:1: the first line is not #cloud-config`,
		"":                                               `:1: the first line is not #cloud-config`,
		"\xef\xbb\xbf#cloud-config\n":                    `:1: the file begins with a byte order mark`,
		"#cloud-config\na: 1\nb: \xff\n":                 `:3: the file is not UTF-8 text`,
		"#cloud-config\nstylet: {\n":                     `not YAML: `,
		"#cloud-config\n- a\n":                           `:2:1: the file holds a list where keys and values are wanted`,
		"#cloud-config\na: 1\n---\nstylet: {}\n":         `a second document begins here`,
		"#cloud-config\nstylet: {}\nstylet: {}\n":        `the key "stylet" stands 2 times`,
		"#cloud-config\nstlyet: {}\n":                    `there is a top-level key "stlyet" (did you mean stylet?)`,
		"#cloud-config\nStylet: {}\n":                    `(did you mean stylet?)`,
		"#cloud-config\nx: &a {b: 1}\nstylet: *a\n":      `an alias (*) is not allowed here`,
		"#cloud-config\n" + strings.Repeat("# x\n", 3e5): `the file has more than the 1048576 bytes allowed`,
	}
	for text, want := range cases {
		_, err := Load(write(t, "u.yaml", text))
		assert.Contains(t, strings.Join(problems(t, err), "\n"), want)
	}
	_, err := Load(filepath.Join(t.TempDir(), "gone.yaml"))
	assert.Contains(t, problems(t, err)[0], "gone.yaml: cannot be read: no such file or directory")

	// In a directory too, when the file could be ours.
	_, err = LoadDir(filepath.Dir(write(t, "u.yaml", "#cloud-config\nstylet: {\n")))
	assert.Contains(t, problems(t, err)[0], "not YAML")
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	return path
}

func problems(t *testing.T, err error) []string {
	t.Helper()
	require.Error(t, err)
	assert.Equal(t, fault.Input, fault.KindOf(err))
	assert.Equal(t, "site.invalid", fault.CodeOf(err))
	var found v1alpha1.Problems
	require.ErrorAs(t, err, &found)
	texts := make([]string, len(found))
	for i, p := range found {
		texts[i] = p.String()
	}
	return texts
}
