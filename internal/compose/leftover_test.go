package compose

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseMount(t *testing.T) {
	m, ok := parseMount(`36 35 7:3 / /run/a\040b\134c rw,noatime master:1 - ext2 /dev/loop3 rw`)
	require.True(t, ok)
	require.Equal(t, mountEntry{device: "7:3", dir: `/run/a b\c`}, m)
	_, ok = parseMount("36 35 7:3 /")
	require.False(t, ok)
}

// FuzzParseMount lets the kernel's side write any two directories (fs/proc_namespace.c escapes
// blank, tab, newline and backslash, and nothing else), and reads any line.
func FuzzParseMount(f *testing.F) {
	f.Add("/", "/run/a b")
	f.Add("/with\tall\n", `/run/\040`)
	f.Add("/", "/run/no\u00a0break\r\v")
	escape := strings.NewReplacer(" ", `\040`, "\t", `\011`, "\n", `\012`, `\`, `\134`)
	f.Fuzz(func(t *testing.T, root, dir string) {
		line := "36 35 7:3 " + escape.Replace(root) + " " + escape.Replace(dir) + " rw master:1 - ext2 /dev/loop3 rw"
		m, ok := parseMount(line)
		require.True(t, ok)
		require.Equal(t, mountEntry{device: "7:3", dir: dir}, m)
		_, _ = parseMount(dir)
	})
}
