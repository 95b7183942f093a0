//go:build component

package agent

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/site"
)

// A real volume on a loop device is mounted read-only, read between the medium and /run, and left.
//
// Requirement: U3
func TestTheCIDataVolumeIsRead(t *testing.T) {
	require.Zero(t, os.Geteuid(), "this test needs root")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("#cloud-config\nhostname: fetched\n")) // the reader counts
	}))
	defer server.Close()
	root := t.TempDir()
	put := func(name, text string) {
		path := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte("#cloud-config\n"+text), 0o600))
	}
	put("run/initramfs/live/user-data.yaml", "hostname: medium\nstylet: {logLevel: info, site: {name: a}}\n")
	put("run/stylet/user-data/a.yaml", "config_url: "+server.URL+"\nstylet: {logLevel: warn}\n")
	put("volume/user-data", "hostname: cidata\nstylet: {logLevel: debug, site: {prefix: store}}\n")
	put("volume/more.yaml", "motd: hello\n")
	put("volume/meta-data", "local-hostname: x\n")

	sources, err := installSources(t.Context(), command.Local{}, root)
	require.NoError(t, err)
	assert.Len(t, sources, 3, "no volume is no source")

	disk := filepath.Join(root, "disk.img")
	tool(t, "mke2fs", "-q", "-t", "ext4", "-L", "cidata", "-d", filepath.Join(root, "volume"), disk, "4M")
	device := strings.TrimSpace(tool(t, "losetup", "--find", "--show", disk))
	defer tool(t, "losetup", "--detach", device)
	label := filepath.Join(root, "dev/disk/by-label/CIDATA")
	require.NoError(t, os.MkdirAll(filepath.Dir(label), 0o755))
	require.NoError(t, os.Symlink(device, label))

	sources, err = installSources(t.Context(), command.Local{}, root)
	require.NoError(t, err)
	var names []string
	for _, source := range sources {
		names = append(names, source.Name)
	}
	assert.Equal(t, []string{"boot medium", "oem", "cidata", "run"}, names)
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	require.NoError(t, err)
	assert.NotContains(t, string(mounts), device, "it is left")
	read, err := site.Read(t.Context(), sources, site.HTTPFetch(http.DefaultClient))
	require.NoError(t, err)
	assert.Equal(t, "#cloud-config\nstylet:\n  logLevel: warn\n  site:\n    name: a\n    prefix: store\nhostname: fetched\nmotd: hello\n", string(read.Document))

	require.NoError(t, os.Truncate(disk, 0))
	tool(t, "losetup", "--set-capacity", device)
	_, err = installSources(t.Context(), command.Local{}, root)
	require.ErrorContains(t, err, "mounting the cidata volume", "a volume that cannot be read is not passed over")
}

func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	require.NoError(t, err, "%s: %s", name, out)
	return string(out)
}
