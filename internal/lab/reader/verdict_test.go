package reader

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestVerdictsAreReadBetweenOtherLines(t *testing.T) {
	said := "stylet: trial aaaaaaaaaaaa failed -> passivestylet: trial aaaaaaaaaaaa failed -> passive\n" +
		"# [  312.550012] stylet: trial bbbbbbbbbbbb failed [trial.gate-failed]: the gate containerd: exit status 1\n" +
		"stylet: trial cccccccccccc try 1 of 3 -> active\n" +
		"[  400.1] stylet: trial dddddddddddd failed [trial.deadline]: not committed within 15m0s of its boot\n"
	require.Equal(t, map[string]Verdict{
		"aaaaaaaaaaaa": {Code: "trial.boot-failed"},
		"bbbbbbbbbbbb": {Code: "trial.gate-failed", Cause: "the gate containerd: exit status 1"},
		"dddddddddddd": {Code: "trial.deadline", Cause: "not committed within 15m0s of its boot"},
	}, ParseVerdicts(said))
}

func TestACauseAgreesWithItsOneLine(t *testing.T) {
	require.True(t, Verdict{Cause: "a b c"}.agrees("a\n b  c\n"))
	require.True(t, Verdict{Cause: "a b..."}.agrees("a b c"))
	require.True(t, Verdict{}.agrees("GRUB knows none"))
	require.False(t, Verdict{Cause: "a b c"}.agrees("a b d"))
	require.False(t, Verdict{Cause: "a b c"}.agrees("a b"))
	require.False(t, Verdict{Cause: "..."}.agrees("anything"))
}

func FuzzParseVerdicts(f *testing.F) {
	f.Add("stylet: trial aaaaaaaaaaaa failed [trial.gate-failed]: x\n")
	f.Add("stylet: trial aaaaaaaaaaaa failed -> passive")
	f.Fuzz(func(t *testing.T, said string) {
		for id, v := range ParseVerdicts(said) {
			require.NotEmpty(t, id)
			require.NotEmpty(t, v.Code)
			require.NotContains(t, v.Cause, "\n")
			require.True(t, v.agrees(v.Cause) || v.Cause == "...", "%q", v.Cause)
		}
	})
}
