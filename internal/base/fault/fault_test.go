package fault

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAFaultIsFoundOnTheChain(t *testing.T) {
	cause := Wrap(io.ErrUnexpectedEOF, Wait, "content.no-room", "free some room", "storing %d bytes", 7)
	err := fmt.Errorf("ensuring content: %w", cause)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Equal(t, Wait, KindOf(err))
	require.Equal(t, "content.no-room", CodeOf(err))
	require.Equal(t, "ensuring content: storing 7 bytes: unexpected EOF [content.no-room]\n  what to do: free some room", Text(err))
	require.NoError(t, Wrap(nil, Wait, "", "", "nothing"))
	plain := errors.New("plain")
	require.Equal(t, Internal, KindOf(plain))
	require.Equal(t, "plain", Text(plain))
}

func TestEveryKindHasAnExitCodeOfTheTable(t *testing.T) {
	known := map[int]bool{}
	for _, row := range ExitCodes() {
		require.False(t, known[row.Code], "twice in the table")
		known[row.Code] = true
	}
	codes := map[int]bool{}
	for _, kind := range []Kind{Retry, Wait, Input, Usage, Refused, Denied, Internal} {
		code := ExitCodeOf(New(kind, "", "", "x"))
		require.True(t, known[code], kind)
		require.False(t, codes[code], "two kinds share %d", code)
		codes[code] = true
	}
	require.Equal(t, ExitNotFine, ExitCodeOf(Exit(ExitNotFine)))
	require.Equal(t, ExitOK, ExitCodeOf(nil))
}

func TestAFaultCrossesAProcess(t *testing.T) {
	err := fmt.Errorf("compose: %w", New(Input, "compose.rejected", "mend the layer", "the layer %q\nhas two lines", "os"))
	output := "some text\n" + Line(err) + "\nmore text\n"
	back := FromOutput(output)
	require.Equal(t, Input, KindOf(back))
	require.Equal(t, "compose.rejected", CodeOf(back))
	require.Equal(t, "mend the layer", RemedyOf(back))
	require.ErrorContains(t, back, "has two lines")
	require.NoError(t, FromOutput("no such line"))
	require.NoError(t, FromOutput(output[:40]), "cut off")
}

// A parent keeps the end of an output: a long error must not push its own mark out of it.
func TestALongFaultCrossesAProcess(t *testing.T) {
	for name, text := range map[string]string{
		"plain": strings.Repeat("/opt/some/file: not allowed\n", 200), "escaped": strings.Repeat("\x00\x01", 3000),
		"wide": strings.Repeat("\u00fc", 5000),
	} {
		t.Run(name, func(t *testing.T) {
			line := Line(New(Input, "compose.rejected", "mend the layer", "%s", text))
			require.LessOrEqual(t, len(line), MaxLine)
			back := FromOutput(line)
			require.Equal(t, Input, KindOf(back))
			require.Equal(t, "compose.rejected", CodeOf(back))
			require.Equal(t, "mend the layer", RemedyOf(back))
			require.Contains(t, back.Error(), text[:100])
			require.True(t, strings.HasSuffix(back.Error(), " ..."))
		})
	}
	line := Line(New(Input, "c", strings.Repeat("r", 5000), "what"))
	require.LessOrEqual(t, len(line), MaxLine)
	require.ErrorContains(t, FromOutput(line), "what")
}

func FuzzFromOutput(f *testing.F) {
	f.Add(Line(New(Wait, "a.b", "c", "d")))
	f.Add(wireMark + "{}")
	f.Fuzz(func(t *testing.T, output string) {
		if err := FromOutput(output); err != nil {
			require.NotEmpty(t, err.Error())
		}
	})
}
