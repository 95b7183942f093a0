package smoke

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/stylet-edge/stylet/internal/lab/screen"
)

// screenLimit bounds the time from power-on until the console shows what the agent says: two minutes, but on a
// machine that does much else beside.
const screenLimit = 15 * time.Minute

// settled is what both consoles must say in the end: the agent's answer, and the address.
func settled() []string { return []string{"WAITING: runs ", "10.0.2.15"} }

// lookAtConsoles looks at the serial line and at the screen as a person without a login does, compares both
// with docs/, and leaves pictures of them.
func (s *Smoke) lookAtConsoles(ctx context.Context) error {
	serial := screen.NewSerial()
	s.host.Boot().Console.Mirror(serial)
	defer s.host.Boot().Console.Mirror(nil)
	s.report.Say("waiting for the screen of state on the serial line")
	ctx, cancel := context.WithTimeoutCause(ctx, screenLimit, fmt.Errorf("not within %s", screenLimit))
	defer cancel()
	for _, text := range settled() {
		if _, err := s.host.Boot().Console.WaitFor(ctx, 0, regexp.MustCompile(regexp.QuoteMeta(text))); err != nil {
			return err
		}
	}
	lines, err := s.steady(ctx, serial)
	if err != nil {
		return err
	}
	picture := &bytes.Buffer{}
	if err := serial.PNG(picture); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(s.dir, "console-serial.png"), picture.Bytes(), 0o644); err != nil {
		return err
	}
	if err := s.host.Boot().Screenshot(ctx, filepath.Join(s.dir, "console-vt.png")); err != nil {
		return err
	}
	vt, err := s.readScreen(ctx)
	if err != nil {
		return err
	}
	return errors.Join(s.compare("serial", lines), s.compare("vt", vt))
}

// steady waits until the screen has shown the same for a few seconds: all that is new at the end of a boot.
func (s *Smoke) steady(ctx context.Context, serial *screen.Serial) ([]string, error) {
	const quiet = 5
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for last, same := "", 0; ; {
		lines := ofStylet(serial.Lines())
		if text := normal(lines); text == last && text != "" {
			same++
		} else {
			last, same = text, 0
		}
		if same == quiet {
			return lines, nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for a screen that stands still: %w; last:\n%s", context.Cause(ctx), last)
		}
	}
}

// ofStylet are the lines down to the footer: below them others write.
func ofStylet(lines []string) []string {
	for n, line := range lines {
		if strings.Contains(line, "Press Enter to log in") {
			return lines[:n+1]
		}
	}
	return nil
}

// readScreen asks the kernel what its first screen shows (vcs(4); the u is for Unicode).
func (s *Smoke) readScreen(ctx context.Context) ([]string, error) {
	size, err := s.host.Output(ctx, "stty size </dev/tty1")
	if err != nil {
		return nil, err
	}
	var rows, columns int
	if _, err := fmt.Sscan(size, &rows, &columns); err != nil {
		return nil, fmt.Errorf("reading the size of the screen %q: %w", size, err)
	}
	s.report.Say("the screen has %d columns and %d rows", columns, rows)
	const most = 20 // rows that the console takes
	text, err := s.host.Output(ctx, "head -c "+strconv.Itoa(4*columns*most)+" /dev/vcsu1 | iconv -f UTF-32LE -t UTF-8")
	if err != nil {
		return nil, err
	}
	var lines []string
	for text != "" {
		end := 0
		for range columns {
			_, size := utf8.DecodeRuneInString(text[end:])
			end += size
		}
		lines = append(lines, strings.TrimRight(text[:end], " "))
		text = text[end:]
	}
	return ofStylet(lines), nil
}

// passing is what differs from run to run: the version, the time, and the ID that is drawn for a machine
// whose firmware has none.
var passing = regexp.MustCompile(`v\d+\.\d+\.\d+[0-9A-Za-z.-]*|\b\d\d:\d\d UTC|\bedge-[0-9a-z-]+`)

// normal gives the words, without what is passing and without how they are laid out.
func normal(lines []string) string {
	text := strings.Join(strings.Fields(passing.ReplaceAllString(strings.Join(lines, " "), "*")), " ")
	return rules.ReplaceAllString(text, "--")
}

var rules = regexp.MustCompile(`(-|─){2,}`)

// compare holds what was seen to the text beside the picture in docs/, or makes both anew.
func (s *Smoke) compare(name string, seen []string) error {
	document := filepath.Join(s.in.Repo, "docs", "console-"+name)
	text := strings.Join(seen, "\n") + "\n"
	if s.update {
		picture, err := os.ReadFile(filepath.Join(s.dir, "console-"+name+".png"))
		if err != nil {
			return err
		}
		return errors.Join(os.WriteFile(document+".png", picture, 0o644), os.WriteFile(document+".txt", []byte(text), 0o644))
	}
	want, err := os.ReadFile(document + ".txt")
	if err != nil {
		return err
	}
	if normal(seen) != normal(strings.Split(string(want), "\n")) {
		return fmt.Errorf("the console (%s) shows\n%s\nand %s.png\n%s\nIf it is meant so: lab smoke --update", name, text, document, want)
	}
	return nil
}
