//go:build component

package command_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// container is a booted Debian with systemd.
type container struct {
	leader string // its PID 1, seen from here
	root   string
}

// bootContainer boots a fresh copy of a small Debian. The copy's origin is made once and kept in
// the cache.
func bootContainer(t *testing.T) container {
	t.Helper()
	require.Zero(t, os.Geteuid(), "this test needs root")
	root := filepath.Join(t.TempDir(), "root")
	require.NoError(t, os.Mkdir(root, 0o755))
	must(t, "tar", "-C", root, "-xf", debianTar(t))
	require.NoError(t, os.WriteFile(filepath.Join(root, "etc/machine-id"), nil, 0o644))

	console, err := os.Create(filepath.Join(t.TempDir(), "console"))
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 5*time.Minute)
	nspawn := exec.CommandContext(ctx, "systemd-nspawn", "-D", root, "--register=no", "--keep-unit",
		"--private-network", "--console=pipe", "-b")
	nspawn.Stdout, nspawn.Stderr = console, console
	require.NoError(t, nspawn.Start())
	t.Cleanup(func() {
		// systemd-nspawn ends its container with itself.
		_ = nspawn.Process.Signal(syscall.SIGTERM)
		_ = nspawn.Wait()
		cancel()
		_ = console.Close()
	})
	c := container{root: root}
	require.Eventually(t, func() bool {
		// Asked for anew each time: systemd-nspawn's first child is one that only sets the container up.
		children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", nspawn.Process.Pid, nspawn.Process.Pid))
		pids := strings.Fields(string(children))
		if len(pids) != 1 {
			return false
		}
		c.leader = pids[0]
		out, _ := c.command(t.Context(), "systemctl", "is-system-running").CombinedOutput()
		state := strings.TrimSpace(string(out))
		return state == "running" || state == "degraded"
	}, time.Minute, 200*time.Millisecond, "the container does not come up")
	return c
}

// command runs a program inside.
func (c container) command(ctx context.Context, argv ...string) *exec.Cmd {
	enter := []string{"-t", c.leader, "-m", "-u", "-i", "-n", "-p", "-C", "--"}
	return exec.CommandContext(ctx, "nsenter", append(enter, argv...)...)
}

// debianTar gives a root file system with systemd, made with the package source of this machine.
func debianTar(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	require.NoError(t, err)
	tar := filepath.Join(cache, "stylet", "test-rootfs", "bookworm-systemd-dbus.tar")
	if _, err := os.Stat(tar); err == nil {
		return tar
	}
	require.NoError(t, os.MkdirAll(filepath.Dir(tar), 0o755))
	argv := []string{"mmdebstrap", "--variant=minbase", "--include=systemd,systemd-sysv,dbus", "bookworm", tar + ".new.tar"}
	for _, sources := range []string{"/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"} {
		if info, err := os.Stat(sources); err == nil && info.Size() > 0 {
			argv = append(argv, sources)
			break
		}
	}
	must(t, argv...)
	require.NoError(t, os.Rename(tar+".new.tar", tar))
	return tar
}

func must(t *testing.T, argv ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	require.NoError(t, cmd.Run(), "%s: %s", argv[0], out.String())
}
