// Package shell logs in at a machine's serial console and runs commands there, as a person would,
// and so that nothing is lost: a serial line drops characters when the guest is busy, and the
// kernel and systemd write between the lines of others.
//
// A command travels as numbered pieces of base64, each acknowledged, and runs only when its
// digest is right; its output comes back the same way. It runs once, however often a line has to
// be repeated.
package shell

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/stylet-edge/stylet/internal/lab/qemu"
)

// Console is the serial line that the shell works on.
type Console interface {
	WaitFor(ctx context.Context, from int, pattern *regexp.Regexp) (qemu.Match, error)
	Position() int
	Since(position int) string
	Type(text string) error
}

// Shell is a session at a console.
type Shell struct {
	console Console
	session string
	count   int
	timing  timing
}

// timing says how patient the shell is.
type timing struct {
	answer time.Duration // until a line is sent again
	poll   time.Duration // between two questions whether a command has ended
	tries  int
}

func defaultTiming() timing {
	return timing{answer: 20 * time.Second, poll: 500 * time.Millisecond, tries: 5}
}

// pieceBytes keeps every typed line below what a busy guest's terminal takes without loss.
const pieceBytes = 80

// Result is what a command left behind.
type Result struct {
	ExitCode int
	// Output is its standard output and standard error.
	Output string
}

// Run runs a command by the guest's bash, with empty standard input, and waits for its end.
func (s *Shell) Run(ctx context.Context, command string) (Result, error) {
	s.count++
	id := s.session + "." + strconv.Itoa(s.count)
	if err := s.send(ctx, id, command); err != nil {
		return Result{}, fmt.Errorf("sending %q: %w", abbreviate(command), err)
	}
	code, err := s.await(ctx, id)
	if err != nil {
		return Result{}, fmt.Errorf("waiting for %q: %w", abbreviate(command), err)
	}
	output, err := s.fetch(ctx, id)
	if err != nil {
		return Result{}, fmt.Errorf("reading the output of %q: %w", abbreviate(command), err)
	}
	return Result{ExitCode: code, Output: output}, nil
}

// Output runs a command that must succeed, and gives its output without the last line's end.
func (s *Shell) Output(ctx context.Context, command string) (string, error) {
	result, err := s.Run(ctx, command)
	if err != nil {
		return "", err
	}
	if result.ExitCode != 0 {
		return "", fmt.Errorf("%q ended with status %d: %s", abbreviate(command), result.ExitCode, result.Output)
	}
	return strings.TrimRight(result.Output, "\n"), nil
}

// send brings the command into the guest and starts it in the background.
func (s *Shell) send(ctx context.Context, id, command string) error {
	sum := sha256.Sum256([]byte(command))
	text := base64.StdEncoding.EncodeToString([]byte(command))
	for try := 0; ; try++ {
		pieces := 0
		for rest := text; rest != "" || pieces == 0; pieces++ {
			n := min(pieceBytes, len(rest))
			line := fmt.Sprintf("lab_piece %s %d %s", id, pieces, rest[:n])
			if _, err := s.ask(ctx, line, fmt.Sprintf(`@piece %s %d %d\b`, id, pieces, n)); err != nil {
				return err
			}
			rest = rest[n:]
		}
		line := fmt.Sprintf("lab_start %s %d %s", id, pieces-1, hex.EncodeToString(sum[:]))
		answer, err := s.ask(ctx, line, fmt.Sprintf(`@(started|damaged) %s\b`, id))
		if err != nil {
			return err
		}
		if answer.Groups[1] == "started" {
			return nil
		}
		if try == s.timing.tries {
			return fmt.Errorf("the command arrived damaged %d times", try)
		}
	}
}

// await asks until the command has ended, and gives its exit status.
func (s *Shell) await(ctx context.Context, id string) (int, error) {
	ticks := time.NewTicker(s.timing.poll)
	defer ticks.Stop()
	for {
		answer, err := s.ask(ctx, "lab_state "+id, fmt.Sprintf(`@(running|ended) %s (\d+)\b`, id))
		if err != nil {
			return 0, err
		}
		if answer.Groups[1] == "ended" {
			return strconv.Atoi(answer.Groups[2])
		}
		select {
		case <-ticks.C:
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
}

// fetch reads the command's output, again when lines of others damaged it.
func (s *Shell) fetch(ctx context.Context, id string) (string, error) {
	var damage error
	for range s.timing.tries {
		from := s.console.Position()
		answer, err := s.ask(ctx, "lab_output "+id, fmt.Sprintf(`@end %s (\d+) ([0-9a-f]{64})\b`, id))
		if err != nil {
			return "", err
		}
		output, err := assemble(s.console.Since(from), id, answer.Groups[1], answer.Groups[2])
		if err == nil {
			return output, nil
		}
		damage = err
	}
	return "", damage
}

// assemble puts an output together from the numbered lines in text.
func assemble(text, id, lines, sum string) (string, error) {
	count, err := strconv.Atoi(lines)
	if err != nil {
		return "", fmt.Errorf("the number of lines %q: %w", lines, err)
	}
	if count > len(text) {
		return "", fmt.Errorf("%d lines announced, fewer can have come", count)
	}
	line := regexp.MustCompile(`@out ` + regexp.QuoteMeta(id) + ` (\d+) ([A-Za-z0-9+/=]+)`)
	parts := map[int]string{}
	for _, m := range line.FindAllStringSubmatch(text, -1) {
		if n, err := strconv.Atoi(m[1]); err == nil {
			parts[n] = m[2]
		}
	}
	var encoded strings.Builder
	for n := range count {
		encoded.WriteString(parts[n])
	}
	data, err := base64.StdEncoding.DecodeString(encoded.String())
	if err != nil {
		return "", fmt.Errorf("the output came damaged: %w", err)
	}
	if got := sha256.Sum256(data); hex.EncodeToString(got[:]) != sum {
		return "", fmt.Errorf("the output came damaged: %d of %d lines seen", len(parts), count)
	}
	return string(data), nil
}

// ask types a line until something answers.
func (s *Shell) ask(ctx context.Context, line, answer string) (qemu.Match, error) {
	pattern, err := regexp.Compile(answer)
	if err != nil {
		return qemu.Match{}, fmt.Errorf("the pattern %q: %w", answer, err)
	}
	var last error
	for range s.timing.tries {
		from := s.console.Position()
		if err := s.console.Type(line + "\n"); err != nil {
			return qemu.Match{}, err
		}
		once, cancel := context.WithTimeout(ctx, s.timing.answer)
		match, err := s.console.WaitFor(once, from, pattern)
		cancel()
		if err == nil {
			return match, nil
		}
		if ctx.Err() != nil || once.Err() == nil { // no time left, or the machine went off
			return qemu.Match{}, err
		}
		last = err
	}
	return qemu.Match{}, fmt.Errorf("no answer after %d tries: %w", s.timing.tries, last)
}

func abbreviate(command string) string {
	command = strings.Join(strings.Fields(command), " ")
	if len(command) > 60 {
		return command[:57] + "..."
	}
	return command
}
