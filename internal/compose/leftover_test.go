package compose

import (
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
