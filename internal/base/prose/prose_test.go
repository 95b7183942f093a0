package prose

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWrap(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"nothing":                              {"", "-\n"},
		"fits":                                 {"one two", "- one two\n"},
		"to the last column":                   {"one two four", "- one two\n  four\n"},
		"a long word":                          {"see /dev/disk/by-id/nvme now", "- see\n  /dev/disk/by-id/nvme\n  now\n"},
		"characters, not bytes, and any space": {"äöü\n  äöüä", "- äöü äöüä\n"},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, Wrap(c.text, "- ", "  ", 10)) })
	}
}
