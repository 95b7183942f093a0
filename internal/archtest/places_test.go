package archtest

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Written in pieces, so that this file does not find itself.
var (
	machineRoot = "/wo" + "rk/"
	machinePath = regexp.MustCompile(`(^|[^A-Za-z0-9_.}$-])` + machineRoot)
	hosts       = []string{
		"proxy.golang" + ".org", "sum.golang" + ".org", "goproxy" + ".io", "goproxy" + ".cn",
		"deb.debian" + ".org", "security.debian" + ".org", "snapshot.debian" + ".org", "ftp.debian" + ".org",
		"registry.npmjs" + ".org", "registry.yarnpkg" + ".com",
	}
)

// placesIn returns the lines that name a path of the machine that this was
// written on, or a package registry's host: both differ at the next person's.
func placesIn(name, text string) []string {
	var found []string
	for n, line := range strings.Split(text, "\n") {
		if strings.Contains(line, machineRoot) && machinePath.MatchString(line) {
			found = append(found, fmt.Sprintf("%s:%d: names a path of one machine: %s", name, n+1, strings.TrimSpace(line)))
		}
		for _, host := range hosts {
			if strings.Contains(line, host) {
				found = append(found, fmt.Sprintf("%s:%d: names the registry host %s; tools know their own defaults", name, n+1, host))
			}
		}
	}
	return found
}

func TestNoFileNamesAPlace(t *testing.T) {
	list := exec.CommandContext(t.Context(), "git", "ls-files", "-z")
	list.Dir = "../.."
	out, err := list.Output()
	require.NoError(t, err)
	files := strings.Split(strings.TrimRight(string(out), "\x00"), "\x00")
	require.Greater(t, len(files), 20, "git lists too few files to be the repository")
	for _, name := range files {
		content, err := os.ReadFile("../../" + name)
		if os.IsNotExist(err) {
			continue // deleted, not yet committed
		}
		if err != nil {
			continue // a symbolic link to a folder
		}
		for _, complaint := range placesIn(name, string(content)) {
			t.Error(complaint)
		}
	}
}

func TestPlacesCheckCanFail(t *testing.T) {
	assert.Len(t, placesIn("x", "cd /wo"+"rk/main\n"), 1)
	assert.Len(t, placesIn("x", "GOPROXY=https://proxy.golang"+".org\n"), 1)
	assert.Empty(t, placesIn("x", "a network/wo"+"rk/y; https://registry.example.com; ./wo"+"rk/z\n"))
}
