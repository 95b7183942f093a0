package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestApplyWantsOneFileOrTheVolume(t *testing.T) {
	for name, c := range map[string]struct {
		flags, args []string
		refused     bool
	}{
		"a file":                 {nil, []string{"a"}, false},
		"the volume":             {[]string{"--cidata"}, nil, false},
		"nothing":                {nil, nil, true},
		"two files":              {nil, []string{"a", "b"}, true},
		"a file and the volume":  {[]string{"--cidata"}, []string{"a"}, true},
		"two and the volume too": {[]string{"--cidata"}, []string{"a", "b"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := newApplyCommand()
			require.NoError(t, cmd.ParseFlags(c.flags))
			require.Equal(t, c.refused, cmd.Args(cmd, c.args) != nil)
		})
	}
}
