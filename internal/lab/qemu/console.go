package qemu

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"sync"
	"time"
)

// ErrConsoleClosed is the end of a boot while something was still expected from it.
var ErrConsoleClosed = errors.New("the machine went off")

// Console is a machine's serial line: an append-only text that can be waited on, and a keyboard.
type Console struct {
	began time.Time
	conn  io.Writer
	done  chan struct{}

	mu      sync.Mutex
	clean   cleaner
	text    []byte
	closed  bool
	changed chan struct{} // closed and replaced at every change
	stamped int           // bytes of text already in the log
	log     io.Writer
	raw     io.Writer // receives every byte as it comes, escape sequences included
}

// NewConsole makes a console that starts empty. log receives its complete lines, each with the
// seconds since began.
func NewConsole(began time.Time, log io.Writer) *Console {
	if log == nil {
		log = io.Discard
	}
	return &Console{began: began, log: log, changed: make(chan struct{}), done: make(chan struct{})}
}

// attach starts reading from conn, to its end.
func (c *Console) attach(conn net.Conn) {
	c.conn = conn
	go func() {
		defer close(c.done)
		_, _ = io.Copy(c, conn) // a reset connection is the end of the machine as well
		c.Close()
		conn.Close()
	}()
}

func (c *Console) wait() { <-c.done }

// Write takes bytes from the machine.
func (c *Console) Write(data []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.raw != nil {
		_, _ = c.raw.Write(data) // a person's terminal
	}
	c.text = c.clean.clean(c.text, data)
	c.stampLines()
	c.wake()
	return len(data), nil
}

// Close says that the machine is off.
func (c *Console) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	c.closed = true
	if c.stamped < len(c.text) {
		c.text = append(c.text, '\n')
		c.stampLines()
	}
	c.wake()
}

func (c *Console) wake() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// stampLines logs the lines that have become complete.
func (c *Console) stampLines() {
	for {
		end := bytes.IndexByte(c.text[c.stamped:], '\n')
		if end < 0 {
			return
		}
		fmt.Fprintf(c.log, "[%8.2f] %s\n", time.Since(c.began).Seconds(), c.text[c.stamped:c.stamped+end])
		c.stamped += end + 1
	}
}

// Mirror sends everything that the machine says from now on to a terminal too, unchanged.
func (c *Console) Mirror(terminal io.Writer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.raw = terminal
}

// Position is the end of what has been said so far; later text starts there.
func (c *Console) Position() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.text)
}

// Since gives the text from a position on.
func (c *Console) Since(position int) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return string(c.text[min(position, len(c.text)):])
}

// Tail gives the last n lines.
func (c *Console) Tail(n int) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	text := bytes.TrimRight(c.text, "\n")
	start := len(text)
	for ; n > 0 && start >= 0; n-- {
		start = bytes.LastIndexByte(text[:start], '\n')
	}
	return string(text[start+1:])
}

// Match is a place in the console's text.
type Match struct {
	// Groups are the match and its parenthesised parts.
	Groups []string
	// End is the position behind the match.
	End int
}

// WaitFor waits until the text from a position on matches. It fails when the machine goes off
// first (ErrConsoleClosed), or ctx ends.
func (c *Console) WaitFor(ctx context.Context, from int, pattern *regexp.Regexp) (Match, error) {
	for {
		c.mu.Lock()
		match, found := find(c.text, from, pattern)
		changed, closed := c.changed, c.closed
		c.mu.Unlock()
		switch {
		case found:
			return match, nil
		case closed:
			return Match{}, fmt.Errorf("waiting for %q on the console: %w", pattern, ErrConsoleClosed)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return Match{}, fmt.Errorf("waiting for %q on the console: %w", pattern, context.Cause(ctx))
		}
	}
}

func find(text []byte, from int, pattern *regexp.Regexp) (Match, bool) {
	from = min(from, len(text))
	at := pattern.FindSubmatchIndex(text[from:])
	if at == nil {
		return Match{}, false
	}
	match := Match{End: from + at[1]}
	for i := 0; i < len(at); i += 2 {
		group := ""
		if at[i] >= 0 {
			group = string(text[from+at[i] : from+at[i+1]])
		}
		match.Groups = append(match.Groups, group)
	}
	return match, true
}

// Type sends text to the machine as if it was typed.
func (c *Console) Type(text string) error {
	if _, err := io.WriteString(c.conn, text); err != nil {
		return fmt.Errorf("typing at the console: %w", err)
	}
	return nil
}
