//go:build component

package command_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/command"
)

// unitOutcome is what testdata/unitrun prints.
type unitOutcome struct {
	Result command.Result
	Lines  []string
	Code   string
	Error  string
}

// TestUnits runs the unit runner against a real systemd.
//
// Requirement: U2
func TestUnits(t *testing.T) {
	c := bootContainer(t)
	unitrun := filepath.Join(c.root, "usr", "bin", "unitrun")
	build := exec.CommandContext(t.Context(), "go", "build", "-tags", "nogit,nounpack", "-o", unitrun, "./testdata/unitrun")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)

	t.Run("success", func(t *testing.T) {
		got := c.run(t, unitSpec("success", "echo one; echo $WANTED; env | grep -c HOME || true"))
		assert.Zero(t, got.Result.ExitCode)
		assert.Equal(t, []string{"one", "yes", "0"}, got.Lines, got.Error)
		assert.Equal(t, "one\nyes\n0", got.Result.Tail)
		c.assertGone(t, "success")
	})
	t.Run("failures", func(t *testing.T) {
		exit := c.run(t, unitSpec("exit", "echo so it ends; exit 7"))
		assert.Equal(t, 7, exit.Result.ExitCode)
		assert.Contains(t, exit.Error, "so it ends")
		killed := c.run(t, unitSpec("killed", "kill -KILL $$"))
		assert.Equal(t, 137, killed.Result.ExitCode)
		missing := unitSpec("missing", "")
		missing.Argv = []string{"/nonexistent/program"}
		assert.Equal(t, "command.not-started", c.run(t, missing).Code)
		late := unitSpec("late", "echo waiting; sleep 300")
		late.Timeout = time.Second
		got := c.run(t, late)
		assert.Equal(t, "command.timeout", got.Code)
		assert.Equal(t, "waiting", got.Result.Tail)
		for _, name := range []string{"exit", "killed", "missing", "late"} {
			c.assertGone(t, name)
		}
	})
	t.Run("outlives a killed agent", func(t *testing.T) {
		spec := unitSpec("outlives", "echo begun >>/run/outlives; echo first; while [ ! -e /run/go-on ]; do sleep 0.1; done; echo last; exit 5")
		c.killAgent(t, spec, "/run/outlives", "KILL")
		c.killAgent(t, spec, "/run/outlives", "TERM") // an orderly restart, attached already
		require.NoError(t, c.command(t.Context(), "touch", "/run/go-on").Run())
		got := c.run(t, spec)
		assert.Equal(t, 5, got.Result.ExitCode, got.Error)
		assert.Equal(t, []string{"first", "last"}, got.Lines)
		assert.Equal(t, "begun\n", c.read(t, "/run/outlives"), "it ran once")
		assert.Greater(t, got.Result.Duration, 100*time.Millisecond)
	})
	t.Run("ends while nobody waits", func(t *testing.T) {
		spec := unitSpec("unseen", "echo begun >/run/unseen; sleep 1; echo done; echo ended >>/run/unseen")
		c.killAgent(t, spec, "/run/unseen", "KILL")
		require.Eventually(t, func() bool { return strings.Contains(c.read(t, "/run/unseen"), "ended") },
			10*time.Second, 50*time.Millisecond)
		got := c.run(t, spec)
		assert.Zero(t, got.Result.ExitCode, got.Error)
		assert.Equal(t, []string{"done"}, got.Lines)
		assert.Equal(t, "begun\nended\n", c.read(t, "/run/unseen"))
		// Collected means forgotten: the next Run is a new one.
		again := c.run(t, spec)
		assert.Equal(t, []string{"done"}, again.Lines, again.Error)
	})
	t.Run("sandboxes", func(t *testing.T) { testSandboxes(t, c) })
	t.Run("one name, two programs", func(t *testing.T) {
		first := unitSpec("shared", "echo begun >/run/shared; while [ ! -e /run/release ]; do sleep 0.1; done")
		c.killAgent(t, first, "/run/shared", "KILL")
		second := unitSpec("shared", "echo second")
		assert.Equal(t, "command.busy", c.run(t, second).Code)
		require.NoError(t, c.command(t.Context(), "touch", "/run/release").Run())
		require.Eventually(t, func() bool { return c.run(t, second).Code == "" }, 10*time.Second, 100*time.Millisecond,
			"an ended run of another program gives way")
	})
	t.Run("fresh", func(t *testing.T) {
		for left, script := range map[string]string{
			"exited":  "echo begun >/run/fresh; sleep 1; exit 0",
			"failed":  "echo begun >/run/fresh; sleep 1; exit 3",
			"running": "echo begun >/run/fresh; exec sleep 300",
		} {
			c.killAgent(t, unitSpec("fresh", script), "/run/fresh", "KILL")
			require.Eventually(t, func() bool {
				return c.output(t, "systemctl", "show", "-P", "SubState", "stylet-step-fresh.service") == left
			}, 10*time.Second, 50*time.Millisecond)
			must(t, c.command(t.Context(), "rm", "/run/fresh").Args...)
			again := unitSpec("fresh", "echo looked again")
			again.Fresh = true
			got := c.run(t, again)
			assert.Equal(t, []string{"looked again"}, got.Lines, "%s: %s", left, got.Error)
			c.assertGone(t, "fresh")
		}
	})
	t.Run("removed from outside", func(t *testing.T) {
		spec := unitSpec("removed", "echo begun >/run/removed; sleep 300")
		cmd, out := c.start(t.Context(), t, spec)
		c.await(t, "/run/removed")
		require.NoError(t, c.command(t.Context(), "systemctl", "stop", "stylet-step-removed.service").Run())
		got := outcome(t, cmd, out)
		assert.NotEmpty(t, got.Code, "a stopped step is not a step done: %+v", got)
	})
}

// testSandboxes tries what each sandbox must allow and what it must deny, by real programs.
func testSandboxes(t *testing.T, c container) {
	t.Helper()
	allowed := `set -eu
mkdir -p /run/box
mount -t tmpfs none /run/box
mount -o remount,ro /run/box
mount -o remount,rw /run/box
touch /run/box/file
chown 1:1 /run/box/file
chmod 4755 /run/box/file
unshare --mount --propagation private sh -c 'mount -t tmpfs none /mnt && chroot / true'
systemctl is-active dbus.socket
test "$(stat -c %a /run/box/file)" = 4755
umount /run/box
echo allowed`
	denied := func(name, script string) string {
		return fmt.Sprintf("if out=$(%s 2>&1); then echo %s: not denied: $out; fi\n", script, name)
	}
	// The container has no clock to set, so its capability is looked for in the unit.
	clock := denied("clock", "systemctl show -P CapabilityBoundingSet $UNIT | grep -w cap_sys_time")
	clock += denied("realtime", "chrt -f 1 true")
	own := denied("network", "bash -c '</dev/udp/127.0.0.1/9'")
	own += denied("namespaces", "unshare --uts true")
	for name, box := range map[string]struct {
		sandbox command.Sandbox
		script  string
	}{
		"foreign": {command.SandboxForeign, allowed + "\nbash -c '</dev/udp/127.0.0.1/9'\nunshare --uts true\n" + clock},
		"own":     {command.SandboxOwn, allowed + "\n" + clock + own},
	} {
		spec := unitSpec("sandbox-"+name, box.script+"\ngrep -E '^(NoNewPrivs|Seccomp):' /proc/self/status")
		spec.Sandbox, spec.Env = box.sandbox, []string{"UNIT=stylet-step-" + spec.Name + ".service"}
		got := c.run(t, spec)
		assert.Zero(t, got.Result.ExitCode, "%s: %s", name, got.Error)
		assert.Equal(t, []string{"active", "allowed", "NoNewPrivs:\t1", "Seccomp:\t2"}, got.Lines, name)
	}
	// What is mounted by a step is mounted for the host: a step remounts COS_STATE.
	spec := unitSpec("sandbox-mounts", "mkdir -p /run/mounted && mount -t tmpfs none /run/mounted")
	spec.Sandbox = command.SandboxOwn
	assert.Empty(t, c.run(t, spec).Error)
	assert.Equal(t, "/run/mounted", c.output(t, "findmnt", "-no", "TARGET", "/run/mounted"))
}

func unitSpec(name, script string) command.Spec {
	return command.Spec{Name: name, Argv: []string{"/bin/sh", "-c", script}, Env: []string{"WANTED=yes"}, Timeout: time.Minute}
}

// start starts unitrun inside.
func (c container) start(ctx context.Context, t *testing.T, spec command.Spec) (*exec.Cmd, *strings.Builder) {
	t.Helper()
	data, err := json.Marshal(map[string]any{
		"Name": spec.Name, "Fresh": spec.Fresh, "Sandbox": spec.Sandbox, "Argv": spec.Argv, "Env": spec.Env, "Timeout": spec.Timeout, "Transcript": spec.Transcript,
	})
	require.NoError(t, err)
	cmd := c.command(ctx, "/usr/bin/unitrun", string(data))
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	require.NoError(t, cmd.Start())
	return cmd, &out
}

// run lets an agent wait for the end.
func (c container) run(t *testing.T, spec command.Spec) unitOutcome {
	t.Helper()
	cmd, out := c.start(t.Context(), t, spec)
	return outcome(t, cmd, out)
}

func outcome(t *testing.T, cmd *exec.Cmd, out *strings.Builder) unitOutcome {
	t.Helper()
	assert.NoError(t, cmd.Wait())
	var got unitOutcome
	assert.NoError(t, json.Unmarshal([]byte(out.String()), &got), "%q", out)
	return got
}

// killAgent lets an agent start the step, or attach to it, and ends the agent once the step's
// program has written the file.
func (c container) killAgent(t *testing.T, spec command.Spec, file, signal string) {
	t.Helper()
	cmd, _ := c.start(t.Context(), t, spec)
	c.await(t, file)
	c.await(t, "/run/unitrun.pid")
	must(t, c.command(t.Context(), "sh", "-c", "kill -"+signal+" $(cat /run/unitrun.pid)").Args...)
	_ = cmd.Wait()
	require.NoError(t, os.Remove(filepath.Join("/proc", c.leader, "root/run/unitrun.pid")))
	assert.Equal(t, "active", c.output(t, "systemctl", "is-active", "stylet-step-"+spec.Name+".service"))
}

func (c container) await(t *testing.T, file string) {
	t.Helper()
	require.Eventually(t, func() bool {
		info, err := os.Stat(filepath.Join("/proc", c.leader, "root", file))
		return err == nil && info.Size() > 0
	}, 20*time.Second, 50*time.Millisecond, "nothing wrote %s", file)
}

func (c container) read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("/proc", c.leader, "root", file))
	assert.NoError(t, err)
	return string(data)
}

func (c container) output(t *testing.T, argv ...string) string {
	t.Helper()
	out, _ := c.command(t.Context(), argv...).CombinedOutput()
	return strings.TrimSpace(string(out))
}

func (c container) assertGone(t *testing.T, name string) {
	t.Helper()
	assert.Eventually(t, func() bool {
		return c.output(t, "systemctl", "show", "-P", "LoadState", "stylet-step-"+name+".service") == "not-found"
	}, 5*time.Second, 50*time.Millisecond, "the unit %s was left behind", name)
}
