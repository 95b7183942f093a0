package lifecycle

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Requirement: A7
func TestAFailureIsAnnouncedInOneLine(t *testing.T) {
	f := Failure{
		Revision: v1alpha1.DigestOf([]byte("r")), Code: CodeGateFailed,
		Cause: "the gate containerd did not pass within 1m0s:\n ctr version: exit status 1\n",
	}
	require.Equal(t, "stylet: trial "+f.Revision.Short()+" failed [trial.gate-failed]: "+
		"the gate containerd did not pass within 1m0s: ctr version: exit status 1", f.Announcement())

	for _, cause := range []string{strings.Repeat("x", 5000), strings.Repeat("ü", 5000), strings.Repeat("y", 800)} {
		f.Cause = cause
		line := f.Announcement()
		require.LessOrEqual(t, len(line), 900)
		require.True(t, utf8.ValidString(line))
		require.Equal(t, len(cause) > 900, strings.HasSuffix(line, "..."))
	}
}
