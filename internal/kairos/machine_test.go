package kairos_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/kairos"
	"github.com/stylet-edge/stylet/internal/kairos/slottest"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// machine is a Kairos host in a directory: real ext2 images, the stand-in for kairos-agent, and
// GRUB's rule in Go. Only mounts are played, and not even those in the component test.
type machine struct {
	dir  string
	host kairos.Host
	// agentPrelude is what the stand-in's shell does first.
	agentPrelude string
}

// newMachine brings up a host whose slots hold the installer's image, which has no record.
func newMachine(t *testing.T, runner command.Runner) *machine {
	t.Helper()
	m := &machine{dir: memoryDir(t)}
	m.install(t, runner)
	return m
}

// memoryDir is a directory in memory where there is one: what is proved here is an order of
// operations, and hundreds of fsyncs of a busy disk prove nothing more.
func memoryDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "stylet-test-") //nolint:usetesting // TempDir is on a disk
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func (m *machine) install(t *testing.T, runner command.Runner) {
	t.Helper()
	for _, name := range []string{"state/cOS", "oem", "root", "images"} {
		require.NoError(t, os.MkdirAll(m.path(name), 0o755))
	}
	m.host = kairos.Host{
		Runner: runner, StateDir: m.path("state"), OEMDir: m.path("oem"), RootDir: m.path("root"),
		CmdlinePath: m.path("cmdline"), AgentPath: m.path("kairos-agent"),
	}
	m.writeAgent(t, "")
	makeImage(t, m.path("state/cOS/active.img"), "COS_ACTIVE", v1alpha1.ImageRecord{})
	makeImage(t, m.path("state/cOS/passive.img"), "COS_PASSIVE", v1alpha1.ImageRecord{})
	require.NoError(t, kairos.PrepareBoot(t.Context(), runner, m.path("state")))
	m.start(t, v1alpha1.SlotActive)
}

func (m *machine) path(name string) string { return filepath.Join(m.dir, name) }

// writeAgent puts the stand-in where the host looks for kairos-agent, with these settings.
func (m *machine) writeAgent(t *testing.T, settings string) {
	t.Helper()
	script := fmt.Sprintf("#!/bin/sh\nexport STANDIN_STATE=%s STANDIN_OEM=%s STANDIN_CMDLINE=%s STANDIN_ACCOUNT=%s %s\n%s%s \"$@\"\n",
		m.path("state"), m.path("oem"), m.path("cmdline"), m.path("account"), settings, m.agentPrelude, standin(t))
	require.NoError(t, os.WriteFile(m.path("kairos-agent"), []byte(script), 0o755))
}

// contract gives the machine as the contract suite sees it.
func (m *machine) contract() slottest.Machine {
	return slottest.Machine{
		Slots: m.host, Trials: m.host, Env: m.host.Env, Image: m.image, Reboot: m.reboot, Cut: m.cut,
	}
}

func (m *machine) image(t *testing.T, name string) (string, v1alpha1.ImageRecord) {
	t.Helper()
	record := v1alpha1.ImageRecord{Profile: name, Manifest: v1alpha1.ImageManifest{Agent: v1alpha1.DigestOf([]byte(name))}}
	record.ID = record.Manifest.ID()
	path := m.path("images/" + record.ID.Short() + ".img")
	makeImage(t, path, "composed", record)
	return path, record
}

// reboot does what GRUB does: the rule, then the entry, and where that does not load, the next.
func (m *machine) reboot(t *testing.T) {
	t.Helper()
	env, err := kairos.ReadBootEnv(m.path("state/" + kairos.EnvFile))
	require.NoError(t, err)
	slot, next := kairos.NextBoot(env)
	require.NoError(t, kairos.WriteBootEnv(m.path("state/"+kairos.EnvFile), next))
	for _, try := range []v1alpha1.Slot{slot, v1alpha1.SlotActive, v1alpha1.SlotPassive} {
		if _, err := os.Stat(m.slotPath(try)); err == nil {
			m.start(t, try)
			return
		}
	}
	t.Fatal("no slot can be loaded")
}

func (m *machine) slotPath(slot v1alpha1.Slot) string {
	return m.path("state/cOS/" + string(slot) + ".img")
}

// start boots a slot. grub.cfg takes the label from the image itself (images/os/overlay/etc/cos),
// since kairos-agent can be cut off between the new name and the new label.
func (m *machine) start(t *testing.T, slot v1alpha1.Slot) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "e2label", m.slotPath(slot)).Output()
	require.NoError(t, err)
	label := strings.TrimSpace(string(out))
	require.Contains(t, []string{"COS_ACTIVE", "COS_PASSIVE"}, label)
	env, err := kairos.ReadBootEnv(m.path("state/" + kairos.EnvFile))
	require.NoError(t, err)
	cmdline := fmt.Sprintf("root=LABEL=%s cos-img/filename=/cOS/%s.img panic=5 %s\n", label, slot, kairos.TrialArgument(slot, env))
	require.NoError(t, os.WriteFile(m.path("cmdline"), []byte(cmdline), 0o600))
	record := m.path("root" + v1alpha1.ImageRecordPath)
	require.NoError(t, os.RemoveAll(record))
	require.NoError(t, os.MkdirAll(filepath.Dir(record), 0o755))
	if data := catImage(t.Context(), m.slotPath(slot), v1alpha1.ImageRecordPath); len(data) > 0 {
		require.NoError(t, os.WriteFile(record, data, 0o600))
	}
}

func (m *machine) cut(t *testing.T, image string, want v1alpha1.ImageRecord, n int) bool {
	t.Helper()
	m.writeAgent(t, fmt.Sprintf("STANDIN_DIE_AFTER=%d", n))
	defer m.writeAgent(t, "")
	err := m.contract().Switch(t, image, want)
	if err == nil {
		return false
	}
	var exit *command.ExitError
	require.ErrorAs(t, err, &exit)
	require.Equal(t, 137, exit.Result.ExitCode)
	return true
}

// makeImage makes a small bootable ext2 image; the zero record is left out.
func makeImage(t *testing.T, path, label string, record v1alpha1.ImageRecord) {
	t.Helper()
	tree := memoryDir(t)
	files := map[string][]byte{"/boot/vmlinuz-1": []byte("kernel"), "/boot/initrd": []byte("initrd")}
	if record.ID != "" {
		data, err := json.Marshal(record)
		require.NoError(t, err)
		files[v1alpha1.ImageRecordPath] = data
	}
	for name, data := range files {
		require.NoError(t, os.MkdirAll(filepath.Dir(tree+name), 0o755))
		require.NoError(t, os.WriteFile(tree+name, data, 0o600))
	}
	require.NoError(t, os.Symlink("/boot/vmlinuz-1", tree+"/boot/vmlinuz"))
	out, err := exec.CommandContext(t.Context(), "mke2fs", "-q", "-F", "-t", "ext2", "-L", label, "-d", tree, path, "2M").CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// catImage reads a file inside an image without mounting it.
func catImage(ctx context.Context, image, name string) []byte {
	out, err := exec.CommandContext(ctx, "debugfs", "-R", "cat "+name, image).Output()
	if err != nil {
		return nil
	}
	return out
}

// noMounts runs the host's programs as they are, and plays those that need root: remounts, and the
// look into an image, for which debugfs stands in.
type noMounts struct{ command.Local }

func (r noMounts) Run(ctx context.Context, spec command.Spec) (command.Result, error) {
	switch spec.Argv[0] {
	case "mount", "umount", "losetup":
		return command.Result{}, nil
	case "unshare":
		image := spec.Argv[len(spec.Argv)-3]
		spec.OnLine("bootable=yes")
		for line := range strings.Lines(string(catImage(ctx, image, v1alpha1.ImageRecordPath))) {
			spec.OnLine(line)
		}
		return command.Result{}, nil
	}
	return r.Local.Run(ctx, spec)
}

var (
	standinOnce sync.Once
	standinPath string
	standinErr  error
)

// standin builds the stand-in for kairos-agent, once.
func standin(t *testing.T) string {
	t.Helper()
	standinOnce.Do(func() {
		dir, err := os.MkdirTemp("", "stylet-standin-") //nolint:usetesting // it serves all tests
		if err != nil {
			standinErr = err
			return
		}
		standinPath = filepath.Join(dir, "standin")
		cmd := exec.Command("go", "build", "-buildvcs=false", "-o", standinPath, "./standin")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			standinErr = fmt.Errorf("%w: %s", err, out)
		}
	})
	require.NoError(t, standinErr)
	return standinPath
}

func TestMain(m *testing.M) {
	code := m.Run()
	if standinPath != "" {
		_ = os.RemoveAll(filepath.Dir(standinPath))
	}
	os.Exit(code)
}

// Requirement: A7
func TestHostKeepsTheSlotContract(t *testing.T) {
	bring := func(t *testing.T) slottest.Machine {
		t.Helper()
		return newMachine(t, noMounts{}).contract()
	}
	slottest.Run(t, bring)
	slottest.RunCuts(t, bring)
}

func TestSlotOf(t *testing.T) {
	for cmdline, want := range map[string]v1alpha1.Slot{
		"root=LABEL=COS_ACTIVE cos-img/filename=/cOS/active.img":    v1alpha1.SlotActive,
		"root=LABEL=COS_PASSIVE cos-img/filename=/cOS/passive.img":  v1alpha1.SlotPassive,
		"root=LABEL=COS_SYSTEM cos-img/filename=/cOS/recovery.img":  v1alpha1.SlotRecovery,
		"root=live:LABEL=COS_RECOVERY rd.live.squashimg=r.squashfs": v1alpha1.SlotRecovery,
		"cdroot root=live:CDLABEL=COS_LIVE rd.live.dir=/":           v1alpha1.SlotLive,
		"root=/dev/sda1": v1alpha1.SlotUnknown,
		"":               v1alpha1.SlotUnknown,
	} {
		assert.Equal(t, want, kairos.SlotOf(cmdline), cmdline)
	}
}
