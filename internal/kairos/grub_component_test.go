//go:build component

package kairos_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/kairos"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// grubCase is one state that GRUB finds, and what it must make of it.
type grubCase struct {
	asked  string
	before []byte
	entry  string
	words  string // added to the kernel arguments of active
	after  []byte
}

// grubDisks is how many disks one GRUB gets: its table of host disks ends at 256.
const grubDisks = 128

// TestSnippetIsNextBoot runs the snippet in a real GRUB (grub-emu: the same script interpreter,
// ext4 driver, load_env and save_env as at boot) over every state of the environment. Each state
// lies on an ext4 of its own; what GRUB saved is read back at the block where the file has always
// been, past any file system, as the next GRUB would read it.
//
// Requirement: A7
func TestSnippetIsNextBoot(t *testing.T) {
	template, block := grubDisk(t, kairos.EnvFile, bytes.Repeat([]byte("-"), 1024))
	cases := allStates(t)
	for first := 0; first < len(cases); first += grubDisks {
		batch := cases[first:min(first+grubDisks, len(cases))]
		dir := memoryDir(t)
		var script strings.Builder
		disks := []string{"(hd0) " + grubHome(t, dir)}
		for i, c := range batch {
			disk := bytes.Clone(template)
			copy(disk[block:], c.before)
			disks = append(disks, fmt.Sprintf("(hd%d) %s", i+1, writeDisk(t, dir, i+1, disk)))
			fmt.Fprintf(&script, "set stylet_state=hd%d\nset stylet_asked=%s\nset default=none\nset extra_active_cmdline=person\n"+
				"source (hd0)/%s\necho \"RESULT %d $default $extra_active_cmdline\"\n", i+1, c.asked, kairos.SnippetFile, i)
		}
		output := runGrub(t, dir, disks, script.String())
		entries := grubResults(t, output)
		require.Len(t, entries, len(batch), "%s", output)
		for i, c := range batch {
			disk, err := os.ReadFile(filepath.Join(dir, fmt.Sprintf("hd%d.img", i+1)))
			require.NoError(t, err)
			assert.Equal(t, strings.TrimSpace(c.entry+" person "+c.words), entries[i], "asked %q for\n%s", c.asked, c.before)
			assert.Equal(t, string(c.after), string(disk[block:block+1024]), "asked %q for\n%s", c.asked, c.before)
		}
	}
	t.Logf("%d states", len(cases))
}

func allStates(t *testing.T) []grubCase {
	t.Helper()
	var cases []grubCase
	add := func(env kairos.BootEnv, asked string) {
		before, err := env.Encode()
		require.NoError(t, err)
		c := grubCase{asked: asked, before: before, entry: asked, after: before}
		if asked == "" || asked == "cos" || asked == "fallback" {
			slot, next := kairos.NextBoot(env)
			c.entry, c.words = kairos.GrubEntry(slot), kairos.TrialArgument(slot, next)
			c.after, err = next.Encode()
			require.NoError(t, err)
		}
		cases = append(cases, c)
	}
	for _, trial := range []string{"", "0123456789ab"} {
		for _, good := range []v1alpha1.Slot{"", v1alpha1.SlotActive, v1alpha1.SlotPassive} {
			for try := range 4 {
				for limit := range 4 {
					for ptry := range 4 {
						env := kairos.BootEnv{Trial: trial, Try: try, Max: limit, Good: good, PassiveTries: ptry}
						add(env, "")
					}
				}
			}
		}
	}
	armed := kairos.DefaultBootEnv().Armed("0123456789ab", 3, v1alpha1.SlotPassive)
	armed.Other = []kairos.EnvVariable{{Name: "kept", Value: `back\slash and = and #`}}
	armed.Failed = "ba9876543210"
	for _, asked := range []string{"recovery", "statereset", "remoterecovery", "cos", "fallback"} {
		add(armed, asked)
		add(kairos.BootEnv{Good: v1alpha1.SlotPassive, PassiveTries: 2}, asked)
	}
	return cases
}

// TestSnippetSurvivesDamage: whatever stands in the file, GRUB chooses an entry that boots, and
// never tries for ever what it cannot count.
//
// Requirement: A7
func TestSnippetSurvivesDamage(t *testing.T) {
	armed, err := kairos.DefaultBootEnv().Armed("0123456789ab", 3, v1alpha1.SlotPassive).Encode()
	require.NoError(t, err)
	// A file whose second block is a hole can be read, but save_env refuses to write it.
	sparse := append(bytes.Clone(armed), make([]byte, 8192)...)
	for i, c := range []struct {
		name    string
		content []byte
		entry   string
	}{
		{"missing", nil, "cos"},
		{"empty", []byte{}, "cos"},
		{"zeros", make([]byte, 1024), "cos"},
		{"no signature", bytes.Repeat([]byte("#"), 1024), "cos"},
		{"unknown try", block("stylet_trial=a\nstylet_try=x\nstylet_good=passive\n"), "fallback"},
		{"unknown limit", block("stylet_trial=a\nstylet_try=2\nstylet_max=7\nstylet_good=passive\n"), "cos"},
		{"unknown count of passive tries", block("stylet_good=passive\nstylet_ptry=x\n"), "fallback"},
		{"unknown slot", block("stylet_good=elsewhere\n"), "cos"},
		{"cannot be counted", sparse, "fallback"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := memoryDir(t)
			disk, _ := grubDisk(t, kairos.EnvFile, c.content)
			disks := []string{"(hd0) " + grubHome(t, dir), "(hd1) " + writeDisk(t, dir, 1, disk)}
			// No stylet_state: the snippet finds COS_STATE by its label.
			output := runGrub(t, dir, disks, fmt.Sprintf("source (hd0)/%s\necho \"RESULT 0 $default\"\n", kairos.SnippetFile))
			assert.Equal(t, []string{c.entry}, grubResults(t, output), "case %d: %s", i, output)
		})
	}
}

// TestGrubToolsReadWhatWeWrite is the other direction: grub-editenv reads our block.
func TestGrubToolsReadWhatWeWrite(t *testing.T) {
	env := kairos.BootEnv{
		Trial: "0123456789ab", Try: 1, Good: v1alpha1.SlotPassive,
		Other: []kairos.EnvVariable{{Name: "x", Value: `a\b`}},
	}
	data, err := env.Encode()
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "env")
	require.NoError(t, os.WriteFile(path, data, 0o600))
	out, err := exec.CommandContext(t.Context(), "grub-editenv", path, "list").Output()
	require.NoError(t, err)
	assert.Equal(t, "stylet_trial=0123456789ab\nstylet_try=1\nstylet_max=\nstylet_good=passive\n"+
		"stylet_failed=\nstylet_ptry=\nx=a\\b\n", string(out))
}

// grubDisk makes a small ext4 labelled COS_STATE with the file in it, none if content is nil, and
// tells at which byte the file's first block lies.
func grubDisk(t *testing.T, name string, content []byte) (disk []byte, at int) {
	t.Helper()
	dir := memoryDir(t)
	tree, image := filepath.Join(dir, "tree"), filepath.Join(dir, "disk.img")
	require.NoError(t, os.Mkdir(tree, 0o755))
	if content != nil {
		require.NoError(t, os.WriteFile(filepath.Join(tree, name), content, 0o600))
	}
	runTool(t, "mke2fs", "-q", "-F", "-t", "ext4", "-O", "^has_journal", "-b", "1024", "-L", "COS_STATE", "-d", tree, image, "256K")
	if len(content) > 0 {
		out := runTool(t, "debugfs", "-R", "bmap "+name+" 0", image)
		number, err := strconv.Atoi(strings.TrimSpace(out))
		require.NoError(t, err, "%s", out)
		at = number * 1024
	}
	disk, err := os.ReadFile(image)
	require.NoError(t, err)
	return disk, at
}

// grubHome is the disk GRUB starts from: the snippet, and the test's own script.
func grubHome(t *testing.T, dir string) string {
	t.Helper()
	tree := filepath.Join(dir, "home")
	require.NoError(t, os.MkdirAll(filepath.Join(tree, "grub"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(tree, kairos.SnippetFile), kairos.Snippet(), 0o600))
	return filepath.Join(dir, "hd0.img")
}

func writeDisk(t *testing.T, dir string, number int, disk []byte) string {
	t.Helper()
	path := filepath.Join(dir, fmt.Sprintf("hd%d.img", number))
	require.NoError(t, os.WriteFile(path, disk, 0o600))
	return path
}

// runGrub runs the script in a real GRUB that sees the disks.
func runGrub(t *testing.T, dir string, disks []string, script string) string {
	t.Helper()
	home := filepath.Join(dir, "home")
	require.NoError(t, os.WriteFile(filepath.Join(home, "grub", "grub.cfg"), []byte(script+"exit\n"), 0o600))
	runTool(t, "mke2fs", "-q", "-F", "-t", "ext2", "-L", "HOME", "-d", home, filepath.Join(dir, "hd0.img"), "1M")
	deviceMap := filepath.Join(dir, "device.map")
	require.NoError(t, os.WriteFile(deviceMap, []byte(strings.Join(disks, "\n")+"\n"), 0o600))
	return runTool(t, "grub-emu", "--device-map="+deviceMap, "--root=hd0", "--directory=/grub")
}

// runTool runs a program that the test cannot do without.
func runTool(t *testing.T, argv ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	require.NoError(t, cmd.Run(), "%s: %s%s", argv[0], stdout.String(), stderr.String())
	return stdout.String()
}

var grubResult = regexp.MustCompile(`RESULT (\d+) ([^\r\n]*)`)

// grubResults gives the entries chosen, and what else was told of them, in the order of the cases.
func grubResults(t *testing.T, output string) []string {
	t.Helper()
	var entries []string
	for i, m := range grubResult.FindAllStringSubmatch(output, -1) {
		require.Equal(t, strconv.Itoa(i), m[1], "%s", output)
		entries = append(entries, strings.TrimSpace(m[2]))
	}
	return entries
}
