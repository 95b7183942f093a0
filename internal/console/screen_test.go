package console

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/hinshun/vt10x"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files anew")

func sizes() []Size {
	return []Size{{80, 24}, {0, 0}, {40, 12}, {132, 50}}
}

// golden is all of a state's looks in one file: each size as text, and what is painted in colours.
func golden(s State) string {
	var b strings.Builder
	for _, size := range sizes() {
		fmt.Fprintf(&b, "== %dx%d\n%s", size.Columns, size.Rows, s.Screen().Frame(size, ASCII).Text())
	}
	fmt.Fprintf(&b, "== 80x24 screen\n%s", s.Screen().Frame(Size{80, 24}, Linux).Text())
	for name, palette := range map[string]Palette{"8 colours": Colours8} {
		out := &bytes.Buffer{}
		p := painter{out: out, palette: palette}
		_ = p.paint(s.Screen().Frame(Size{80, 24}, ASCII), false) // memory takes everything
		fmt.Fprintf(&b, "== 80x24 %s, painted\n%s\n", name, strings.ReplaceAll(out.String(), "\x1b[", "\n^["))
	}
	return b.String()
}

// Requirement: U4
func TestScreensLookAsTheyShould(t *testing.T) {
	for name, state := range states() {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join("testdata", name+".txt")
			got := golden(state)
			if *update {
				require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Equal(t, string(want), got, "go test ./internal/console -update, and look at the difference")
		})
	}
}

// Whatever the size, nothing is wider or higher than the terminal, and the first answer is there.
//
// Requirement: U4
func TestEverySizeHasTheAnswer(t *testing.T) {
	for name, state := range states() {
		for columns := 20; columns <= 200; columns += 19 {
			for rows := 2; rows <= 60; rows += 3 {
				frame := state.Screen().Frame(Size{columns, rows}, Linux)
				require.Less(t, len(frame.Lines), max(rows, 2), "%s at %dx%d", name, columns, rows)
				for _, line := range strings.Split(frame.Text(), "\n") {
					require.LessOrEqual(t, utf8.RuneCountInString(line), columns, "%s at %dx%d", name, columns, rows)
				}
				if rows >= 8 {
					word, _, _ := strings.Cut(state.Screen().Headline, " ")
					require.Contains(t, frame.Text(), word[:min(len(word), columns-2)], "%s at %dx%d", name, columns, rows)
				}
			}
		}
	}
}

// Meaning is never by colour alone: what is bad says so in words.
//
// Requirement: U4
func TestNothingIsSaidByColourAlone(t *testing.T) {
	seen := map[string]Tone{}
	for name, state := range states() {
		screen := state.Screen()
		text := screen.Frame(Size{200, 60}, ASCII).Text()
		if tone, ok := seen[text]; ok {
			require.Equal(t, tone, screen.Tone, name)
		}
		seen[text] = screen.Tone
		first, _, _ := strings.Cut(screen.Headline, ":")
		require.Equal(t, strings.ToUpper(first), first, "%s: the answer is a word", name)
		if screen.Tone == Bad {
			require.True(t, slices.ContainsFunc([]string{"NOT", "NO ", "GOING BACK", "WORKING"}, func(word string) bool {
				return strings.HasPrefix(screen.Headline, word)
			}), "%s: %s", name, screen.Headline)
			require.NotEmpty(t, screen.Rows, name)
		}
	}
	require.Len(t, slices.Collect(maps.Keys(seen)), len(states()), "each state looks different without colours")
}

// What comes from outside moves no cursor.
func TestForeignTextHasNoControl(t *testing.T) {
	s := states()["refused"]
	evil := "\x1b[2J\x1b]0;x\x07\r\n\u202e\x00\u009bX[\x01]"
	s.HostName, s.Version = evil, evil
	s.Host.Summary, s.Host.Why, s.Host.Next = evil, evil, evil
	s.Host.Refused[0].Profile, s.Host.Desired.Problem = evil, evil
	s.Install.Hardware, s.Interfaces[0].Name, s.Interfaces[0].Addresses[0] = evil, evil, evil
	for _, charset := range []Charset{ASCII, Linux} {
		for r := range strings.SplitSeq(s.Screen().Frame(Size{132, 50}, charset).Text(), "") {
			c, _ := utf8.DecodeRuneInString(r)
			require.True(t, c == '\n' || c >= ' ' && c <= '~' || charset == Linux && strings.ContainsRune(inLinuxFont+"─█░", c), "%q", r)
		}
	}
}

// emulated is a terminal that is painted on, as its owner sees it.
type emulated struct {
	vt10x.Terminal
	written int
}

func newEmulated(size Size) *emulated {
	return &emulated{Terminal: vt10x.New(vt10x.WithSize(size.Columns, size.Rows))}
}

func (e *emulated) Write(data []byte) (int, error) {
	e.written += len(data)
	return e.Terminal.Write(data)
}

// lines are its rows without trailing spaces.
func (e *emulated) lines() []string {
	columns, rows := e.Size()
	var lines []string
	for y := range rows {
		line := ""
		for x := range columns {
			if c := e.Cell(x, y).Char; c >= ' ' {
				line += string(c)
			} else {
				line += " "
			}
		}
		lines = append(lines, strings.TrimRight(line, " "))
	}
	return lines
}

// From every state to every other one the terminal shows what the last one says, the lines of others
// scroll below and spoil nothing, and the same state is painted once.
//
// Requirement: U4
func TestPaintingKeepsTheScreenAndTheMessages(t *testing.T) {
	for _, size := range []Size{{80, 24}, {40, 12}, {132, 50}} {
		terminal := newEmulated(size)
		p := painter{out: terminal, palette: Mono}
		n := 0
		all := states()
		names := slices.Sorted(maps.Keys(all))
		for i := range names {
			for _, stride := range []int{1, 3, 5} { // the pairs are not many, and differ
				from, to := all[names[i]], all[names[(i+stride)%len(names)]]
				for _, state := range []State{from, to} {
					frame := state.Screen().Frame(size, ASCII)
					require.NoError(t, p.paint(frame, false))
					n++
					fmt.Fprintf(terminal, "[%d] a message\r\n", n)
					want := strings.Split(strings.TrimSuffix(frame.Text(), "\n"), "\n")
					lines := terminal.lines()
					require.Equal(t, want, lines[:len(want)])
					require.Equal(t, fmt.Sprintf("[%d] a message", n), lines[size.Rows-2], "messages scroll")
				}
				before := terminal.written
				require.NoError(t, p.paint(to.Screen().Frame(size, ASCII), false))
				require.Equal(t, before, terminal.written, "nothing new, nothing painted")
			}
		}
		_, _ = terminal.Write([]byte("\x1b[r\x1b[H\x1b[2Jspoiled"))
		require.NoError(t, p.paint(states()["fine"].Screen().Frame(size, ASCII), true))
		_, _ = terminal.Write([]byte("after\r\n"))
		lines := terminal.lines()
		require.Contains(t, lines[0], "stylet v0.2.0", "all of it is painted again")
		require.Equal(t, "after", lines[size.Rows-2], "and messages scroll below again")
	}
}

// A changed line costs that line, not the screen: a serial line carries 11520 characters a second, and
// somebody may keep its log.
func TestOnlyChangesArePainted(t *testing.T) {
	terminal := newEmulated(Size{80, 24})
	p := painter{out: terminal, palette: Mono}
	s := states()["live-installing"]
	require.NoError(t, p.paint(s.Screen().Frame(Size{}, ASCII), false))
	whole := terminal.written
	s.Install.Done, s.Install.Written = 0.42, 833_000_000
	require.NoError(t, p.paint(s.Screen().Frame(Size{}, ASCII), false))
	require.Less(t, terminal.written-whole, 300)
	require.Less(t, whole, 2500)
}
