package console

import (
	"fmt"
	"io"
	"strings"
)

// Palette is how a terminal shows styles.
type Palette int

// The palettes.
const (
	NoStyle Palette = iota
	// Mono has bold and reverse: VT100 to VT220, what a serial line is taken for.
	Mono
	// Colours8 has the eight colours of ECMA-48 beside.
	Colours8
)

// sgr starts a style (ECMA-48, SGR); empty for plain text.
func (p Palette) sgr(s Style) string {
	var codes []string
	if p != NoStyle && s.Bold {
		codes = append(codes, "1")
	}
	if p != NoStyle && s.Reverse {
		codes = append(codes, "7")
	}
	if colour := map[Tone]string{Good: "32", Busy: "33", Bad: "31"}[s.Tone]; p == Colours8 && colour != "" {
		codes = append(codes, colour)
	}
	if len(codes) == 0 {
		return ""
	}
	return "\x1b[" + strings.Join(codes, ";") + "m"
}

// The sequences of a VT100 that the painter uses.
const (
	saveCursor, restoreCursor = "\x1b7", "\x1b8"            // DECSC, DECRC
	hideCursor, showCursor    = "\x1b[?25l", "\x1b[?25h"    // DECTCEM
	plainStyle, clearLineEnd  = "\x1b[m", "\x1b[K"          // SGR 0, EL
	wholeRegion, clearAll     = "\x1b[r", "\x1b[H\x1b[2J"   // DECSTBM, ED
	scrollRegion, cursorTo    = "\x1b[%d;%dr", "\x1b[%d;1H" // DECSTBM, CUP
)

// painter keeps a terminal's upper rows like the last frame. Messages of others scroll below: the
// cursor stands there, in a scrolling region, whenever nothing is painted.
type painter struct {
	out     io.Writer
	palette Palette
	size    Size
	shown   []string // the lines as they were painted last; nil at first
}

// paint brings the terminal up to date by one write: only lines that differ, or all of them.
func (p *painter) paint(f Frame, all bool) error {
	var b strings.Builder
	switch {
	case p.shown == nil || f.Size != p.size:
		b.WriteString(wholeRegion + plainStyle + clearAll + hideCursor)
		all = true
	case !all && !p.differs(f):
		return nil
	}
	lines := make([]string, len(f.Lines))
	body := strings.Builder{}
	for n, line := range f.Lines {
		lines[n] = p.render(line)
		if all || n >= len(p.shown) || lines[n] != p.shown[n] {
			fmt.Fprintf(&body, cursorTo+plainStyle+clearLineEnd+"%s", n+1, lines[n])
		}
	}
	if all { // setting the region moves the cursor; others may have moved it away from the messages
		fmt.Fprintf(&b, scrollRegion+"%s"+cursorTo, len(lines)+1, f.Size.Rows, body.String(), f.Size.Rows)
	} else {
		b.WriteString(saveCursor + body.String() + restoreCursor)
	}
	p.shown, p.size = lines, f.Size
	_, err := io.WriteString(p.out, b.String())
	return err
}

func (p *painter) differs(f Frame) bool {
	for n, line := range f.Lines {
		if p.render(line) != p.shown[n] {
			return true
		}
	}
	return false
}

func (p *painter) render(line Line) string {
	text := ""
	for _, span := range line {
		if style := p.palette.sgr(span.Style); style != "" {
			text += style + span.Text + plainStyle
		} else {
			text += span.Text
		}
	}
	return strings.TrimRight(text, " ")
}

// leave gives the terminal back, empty.
func (p *painter) leave() error {
	_, err := io.WriteString(p.out, wholeRegion+plainStyle+clearAll+showCursor)
	return err
}
