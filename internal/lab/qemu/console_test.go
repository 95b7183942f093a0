package qemu

import (
	"bytes"
	"context"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestConsoleFindsTextAcrossWritesAndOnlyAfterThePosition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewConsole(time.Now(), nil)
		feed(t, c, "login: old\n")
		from := c.Position()
		go func() {
			for _, piece := range []string{"a lo", "gin: new\n"} {
				<-time.After(time.Second)
				_, _ = c.Write([]byte(piece)) // a console takes everything
			}
		}()
		match, err := c.WaitFor(t.Context(), from, regexp.MustCompile(`login: (\w+)`))
		require.NoError(t, err)
		require.Equal(t, []string{"login: new", "new"}, match.Groups)
		require.Equal(t, "\n", c.Since(match.End))
	})
}

func TestConsoleWaitIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewConsole(time.Now(), nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := c.WaitFor(ctx, 0, regexp.MustCompile("never"))
		require.ErrorIs(t, err, context.DeadlineExceeded)

		time.AfterFunc(time.Second, c.Close)
		_, err = c.WaitFor(t.Context(), 0, regexp.MustCompile("never"))
		require.ErrorIs(t, err, ErrConsoleClosed)
	})
}

func TestConsoleFindsLastWordsOfAMachineThatIsOff(t *testing.T) {
	c := NewConsole(time.Now(), nil)
	feed(t, c, "Kernel panic - not syncing")
	c.Close()
	_, err := c.WaitFor(t.Context(), 0, regexp.MustCompile("Kernel panic"))
	require.NoError(t, err)
}

func TestConsoleLogHasTheSecondsSincePowerOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		c := NewConsole(time.Now(), &log)
		feed(t, c, "first\r\nsec")
		<-time.After(1500 * time.Millisecond)
		feed(t, c, "ond\r\nlast")
		c.Close()
		require.Equal(t, "[    0.00] first\n[    1.50] second\n[    1.50] last\n", log.String())
	})
}

func TestConsoleTail(t *testing.T) {
	c := NewConsole(time.Now(), nil)
	require.Empty(t, c.Tail(3))
	feed(t, c, "a\nb\nc\nd\n")
	require.Equal(t, "c\nd", c.Tail(2))
	require.Equal(t, "a\nb\nc\nd", c.Tail(60))
}

func TestCleanKeepsTextAndDropsTheTerminal(t *testing.T) {
	for raw, want := range map[string]string{
		"\x1b[2J\x1b[01;01Hhello\r\n":               "hello\n",
		"\x1b[0;32m  OK  \x1b[0m] Started":          "  OK  ] Started",
		"menu one\x1b[05;01Hmenu two":               "menu one\nmenu two",
		"\x1b]0;title\x07root@host:~# ":             "root@host:~# ",
		"\x1b]broken title\r\nstill here":           "still here",
		"tab\tand\x00nul \xc3\xa4":                  "tab\tandnul \xc3\xa4",
		"\x1b[?2004h# ":                             "# ",
		"\x1bPstring\x1b\\after":                    "after",
		"stylet: good -> active\x1b[H\x1b[Jnothing": "stylet: good -> active\nnothing",
	} {
		var c cleaner
		require.Equal(t, want, string(c.clean(nil, []byte(raw))), "%q", raw)
	}
}

// The text must not depend on how the bytes were cut into reads.
func FuzzClean(f *testing.F) {
	f.Add([]byte("\x1b[2J\x1b[01;01Hhello\r\nworld\x1b]0;t\x07!"), uint8(3))
	f.Add([]byte("\x1b\x1b[\x1b]x\x1b\\ok"), uint8(1))
	f.Fuzz(func(t *testing.T, data []byte, cut uint8) {
		var whole, pieces cleaner
		want := whole.clean(nil, data)
		var got []byte
		for rest := data; len(rest) > 0; {
			n := min(int(cut)+1, len(rest))
			got = pieces.clean(got, rest[:n])
			rest = rest[n:]
		}
		require.Equal(t, want, got)
		require.False(t, strings.ContainsAny(string(got), "\x1b\r\x00"))
	})
}

func feed(t *testing.T, c *Console, text string) {
	t.Helper()
	_, err := c.Write([]byte(text))
	require.NoError(t, err)
}
