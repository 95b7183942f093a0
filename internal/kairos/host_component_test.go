//go:build component

package kairos_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/kairos"
	"github.com/stylet-edge/stylet/internal/kairos/slottest"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// inNamespace runs the calling test again in a mount namespace of its own, and says whether this
// is that run. Nothing that it mounts is seen, or left behind, outside.
func inNamespace(t *testing.T) bool {
	t.Helper()
	require.Zero(t, os.Geteuid(), "this test needs root")
	const inside = "STYLET_TEST_NAMESPACE"
	if os.Getenv(inside) != "" {
		return true
	}
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), "unshare", "--mount", "--propagation", "private",
		self, "-test.run", "^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), inside+"=1")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "--- PASS: "+t.Name())
	return false
}

// newMountedMachine is a machine whose COS_STATE is a real ext4 on a loop device, mounted
// read-only as on a host, and on which nothing at all is played but kairos-agent.
func newMountedMachine(t *testing.T) *machine {
	t.Helper()
	m := &machine{dir: memoryDir(t)}
	disk := m.path("disk.img")
	runTool(t, "mke2fs", "-q", "-F", "-t", "ext4", "-L", "COS_STATE", disk, "24M")
	require.NoError(t, os.Mkdir(m.path("state"), 0o755))
	runTool(t, "mount", "-o", "loop", disk, m.path("state"))
	t.Cleanup(func() { _ = exec.Command("umount", m.path("state")).Run() })
	m.install(t, command.Local{})
	runTool(t, "mount", "-o", "remount,ro", m.path("state"))
	return m
}

// mountedContract lets GRUB, and kairos-agent, write to the state file system that is mounted
// read-only for everybody else.
func (m *machine) mountedContract() slottest.Machine {
	c := m.contract()
	writable := func(t *testing.T, how string) { t.Helper(); runTool(t, "mount", "-o", "remount,"+how, m.path("state")) }
	c.Reboot = func(t *testing.T) {
		t.Helper()
		writable(t, "rw")
		m.reboot(t)
		writable(t, "ro")
	}
	return c
}

// TestHostKeepsTheSlotContractOnRealMounts is the contract with real remounts, real loop mounts of
// the images and a real journaling file system.
//
// Requirement: A7
func TestHostKeepsTheSlotContractOnRealMounts(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	slottest.Run(t, func(t *testing.T) slottest.Machine {
		t.Helper()
		m := newMountedMachine(t)
		m.agentPrelude = "mount -o remount,rw " + m.path("state") + "; trap 'mount -o remount,ro " + m.path("state") + "' EXIT\n"
		m.writeAgent(t, "")
		return m.mountedContract()
	})
}

// TestADeadAgentsLeftOverIsCleared: kairos-agent was killed while the new image was mounted. Whoever
// changes the slots next must get rid of that, or COS_STATE cannot be made read-only again.
func TestADeadAgentsLeftOverIsCleared(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	const mountPoint = "/run/cos/transition"
	runTool(t, "mount", "-t", "tmpfs", "none", "/run")
	require.NoError(t, os.MkdirAll(mountPoint, 0o755))
	for name, change := range map[string]func(*testing.T, *machine, string, v1alpha1.ImageRecord) error{
		"switch": func(t *testing.T, m *machine, path string, want v1alpha1.ImageRecord) error {
			t.Helper()
			return m.host.Switch(t.Context(), path, want.ID, "first")
		},
		"arm": func(t *testing.T, m *machine, _ string, _ v1alpha1.ImageRecord) error {
			t.Helper()
			return m.host.Arm(t.Context(), "second", 1, v1alpha1.SlotPassive)
		},
		"disarm": func(t *testing.T, m *machine, _ string, _ v1alpha1.ImageRecord) error {
			t.Helper()
			return m.host.Disarm(t.Context(), "first")
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMountedMachine(t)
			require.NoError(t, m.host.Arm(t.Context(), "first", 3, v1alpha1.SlotPassive))
			transition := m.path("state/cOS/transition.img")
			runTool(t, "mount", "-o", "remount,rw", m.path("state"))
			makeImage(t, transition, "COS_ACTIVE", v1alpha1.ImageRecord{})
			loop := strings.TrimSpace(runTool(t, "losetup", "--find", "--show", transition))
			runTool(t, "mount", loop, mountPoint)
			t.Cleanup(func() { // after a failure only
				_ = exec.Command("umount", mountPoint).Run()
				_ = exec.Command("losetup", "--detach", loop).Run()
			})
			m.agentPrelude = "mount -o remount,rw " + m.path("state") + "; trap 'mount -o remount,ro " + m.path("state") + "' EXIT\n"
			m.writeAgent(t, "")
			path, want := m.image(t, "new")

			require.NoError(t, change(t, m, path, want))

			assert.NoFileExists(t, transition)
			assert.Empty(t, strings.TrimSpace(runTool(t, "losetup", "--noheadings", "--associated", transition)))
			mounts, err := os.ReadFile("/proc/self/mountinfo")
			require.NoError(t, err)
			assert.NotContains(t, string(mounts), mountPoint)
			assert.Regexp(t, ` `+regexp.QuoteMeta(m.path("state"))+` ro[ ,]`, string(mounts))
			if name == "switch" {
				slots, err := m.host.Slots(t.Context())
				require.NoError(t, err)
				assert.Equal(t, want.ID, slots.Active.Record.ID)
			}
		})
	}
}

// TestStateRoomOnAPartition: the size is the partition's, whatever the file system leaves of it.
func TestStateRoomOnAPartition(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	dir := memoryDir(t)
	disk, mountPoint := filepath.Join(dir, "disk.img"), filepath.Join(dir, "state")
	layout := kairos.LayoutFor(512 << 20)
	require.NoError(t, os.WriteFile(disk, nil, 0o600))
	require.NoError(t, os.Truncate(disk, layout.State<<20))
	runTool(t, "mke2fs", "-q", "-F", "-t", "ext4", "-m", "1", disk)
	require.NoError(t, os.Mkdir(mountPoint, 0o755))
	runTool(t, "mount", "-o", "loop", disk, mountPoint)
	t.Cleanup(func() { _ = exec.Command("umount", mountPoint).Run() })

	host := kairos.Host{Runner: command.Local{}, StateDir: mountPoint}
	room, err := host.StateRoom(t.Context())
	require.NoError(t, err)
	assert.Equal(t, layout.State<<20, room.Size)
	assert.Equal(t, int64(512<<20), room.Largest, "the layout supports exactly what it was made for")
	assert.Greater(t, room.Free, 3*room.Largest, "and the file system really has room for three")
}
