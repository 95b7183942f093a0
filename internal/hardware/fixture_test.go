package hardware

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// A fixture is a txtar file in testdata: colons in the names of udev's files would keep a module
// from being packed. Its first lines may say
//
//	base: FILE      start from another fixture; then its files replace or add
//	remove: DIR     leave something of the base out
//	cores: N        write the topology of N cores ...
//	threads: N      ... with N threads, and repeat proc/cpuinfo's block for each
//	processors: N   repeat proc/cpuinfo's block, without topology
//
// In a file, \0, \1 and \6 are bytes of that value. user-data.yaml is the site's settings.

// unpackFixture writes a fixture's root and gives its directory.
func unpackFixture(t *testing.T, name string) string {
	t.Helper()
	root := t.TempDir()
	writeFixture(t, root, name)
	return root
}

func writeFixture(t *testing.T, root, name string) {
	t.Helper()
	archive, err := txtar.ParseFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	says := map[string]string{}
	for line := range strings.Lines(string(archive.Comment)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		says[key] = value
	}
	if base := says["base"]; base != "" {
		writeFixture(t, root, base)
	}
	if gone := says["remove"]; gone != "" {
		require.NoError(t, os.RemoveAll(filepath.Join(root, gone)))
	}
	octal := strings.NewReplacer(`\0`, "\x00", `\1`, "\x01", `\6`, "\x06")
	for _, f := range archive.Files {
		writeRootFile(t, root, f.Name, octal.Replace(string(f.Data)))
	}
	if says["base"] != "" && says["cores"] == "" {
		return
	}
	number := func(key string) int {
		n, err := strconv.Atoi(says[key])
		require.NoError(t, err, "%s: %s", name, key)
		return n
	}
	if says["processors"] != "" {
		repeatCPU(t, root, number("processors"))
		return
	}
	require.NoError(t, os.RemoveAll(filepath.Join(root, "sys", "devices", "system", "cpu")))
	for i := range number("threads") {
		dir := fmt.Sprintf("sys/devices/system/cpu/cpu%d/topology/", i)
		writeRootFile(t, root, dir+"core_id", strconv.Itoa(i%number("cores")))
		writeRootFile(t, root, dir+"physical_package_id", "0")
	}
	repeatCPU(t, root, number("threads"))
}

// repeatCPU turns the one block of proc/cpuinfo into one for each logical processor, as the
// kernel writes them, each followed by an empty line.
func repeatCPU(t *testing.T, root string, count int) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, "proc", "cpuinfo"))
	require.NoError(t, err)
	block, _, _ := strings.Cut(string(data), "\n\n")
	_, block, found := strings.Cut("\n"+block, "processor\t: 0\n")
	if !found {
		block = string(data)
	}
	var b strings.Builder
	for i := range count {
		fmt.Fprintf(&b, "processor\t: %d\n%s\n\n", i, strings.TrimSpace(block))
	}
	writeRootFile(t, root, "proc/cpuinfo", b.String())
}

func writeRootFile(t *testing.T, root, name, data string) {
	t.Helper()
	path := filepath.Join(root, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(data), 0o644))
}

// fixtureSite reads the fixture's user-data, if it has one.
func fixtureSite(t *testing.T, root string) v1alpha1.Site {
	t.Helper()
	var site v1alpha1.Site
	data, err := os.ReadFile(filepath.Join(root, "user-data.yaml"))
	if os.IsNotExist(err) {
		return site
	}
	require.NoError(t, err)
	document, err := v1alpha1.ParseDocument("user-data.yaml", data)
	require.NoError(t, err)
	require.Empty(t, document.Decode("stylet", &site))
	return site
}
