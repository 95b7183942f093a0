package console

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Size of a terminal in characters.
type Size struct{ Columns, Rows int }

// orUsual replaces what a terminal does not know of itself: a serial line says 0x0.
func (s Size) orUsual() Size {
	if s.Columns <= 0 || s.Rows <= 0 {
		return Size{Columns: 80, Rows: 24}
	}
	return s
}

const (
	// mostRows is what the screen takes of a high terminal.
	mostRows = 20
	// fewestMessages is the least that is left to the messages of others.
	fewestMessages = 2
	// narrow terminals have shorter labels and no margin.
	narrow = 60
)

// body is how many rows the screen takes; the rest scrolls.
func (s Size) body() int {
	return max(1, min(mostRows, s.Rows-max(fewestMessages, s.Rows/4)))
}

// Frame is a screen laid out for a terminal: the upper rows. Below them messages scroll.
type Frame struct {
	Size  Size
	Lines []Line
}

// Line is one row: no wider than the terminal.
type Line []Span

// Span is text of one style.
type Span struct {
	Text  string
	Style Style
}

// Style of a text.
type Style struct {
	Tone          Tone
	Bold, Reverse bool
}

// Frame lays the screen out. What has no room is cut, the least important first: then the host's own
// page, `stylet status` or the log say the rest.
func (s Screen) Frame(size Size, charset Charset) Frame {
	size = size.orUsual()
	l := layout{columns: size.Columns, charset: charset}
	body := size.body()
	frame := Frame{Size: size, Lines: []Line{l.title(s.Title, s.Right)}}
	if body > 2 {
		frame.Lines = append(frame.Lines, l.fit(s, body-2)...)
	}
	for len(frame.Lines) < body-1 {
		frame.Lines = append(frame.Lines, nil)
	}
	if body > 1 {
		frame.Lines = append(frame.Lines, l.footer(s.Footer))
	}
	return frame
}

// Text is the frame without styles, each line with its end.
func (f Frame) Text() string {
	var b strings.Builder
	for _, line := range f.Lines {
		text := ""
		for _, span := range line {
			text += span.Text
		}
		b.WriteString(strings.TrimRight(text, " ") + "\n")
	}
	return b.String()
}

// layout knows a terminal's width and characters.
type layout struct {
	columns int
	charset Charset
}

// fit gives at most so many lines: with air if there is room for it, else what allot leaves.
func (l layout) fit(s Screen, rows int) []Line {
	const most = 4 // lines of one text
	blocks := [][]Line{l.headline(s, most)}
	minor := []bool{false}
	total := len(blocks[0])
	for _, row := range s.Rows {
		blocks, minor = append(blocks, l.row(row, most)), append(minor, row.Minor)
		total += len(blocks[len(blocks)-1])
	}
	const air = 2 // before and after the headline
	if total+air <= rows {
		lines := append([]Line{nil}, append(blocks[0], nil)...)
		return append(lines, slices.Concat(blocks[1:]...)...)
	}
	room := allot(blocks, minor, rows)
	lines := l.cutTo(room[0], func(n int) []Line { return l.headline(s, n) })
	for i, row := range s.Rows {
		lines = append(lines, l.cutTo(room[i+1], func(n int) []Line { return l.row(row, n) })...)
	}
	return lines
}

func (l layout) cutTo(room int, lines func(limit int) []Line) []Line {
	if room == 0 {
		return nil
	}
	return lines(room)
}

// allot divides the lines that there are: first one for each text that matters, then a second, and so on;
// minor ones come after.
func allot(blocks [][]Line, minor []bool, rows int) []int {
	room := make([]int, len(blocks))
	for _, pass := range []struct {
		minor bool
		limit int
	}{{false, 1}, {false, 2}, {true, 1}, {false, 3}, {true, 2}, {false, 4}, {true, 4}} {
		for i, block := range blocks {
			for minor[i] == pass.minor && room[i] < min(pass.limit, len(block)) && rows > 0 {
				room[i]++
				rows--
			}
		}
	}
	return room
}

func (l layout) headline(s Screen, limit int) []Line {
	var lines []Line
	for _, text := range l.wrapAfter(s.Headline, 0, l.columns-2*l.margin(), limit) {
		lines = append(lines, Line{{Text: l.indent() + text, Style: Style{Tone: s.Tone, Bold: true}}})
	}
	return lines
}

func (l layout) row(row Row, limit int) []Line {
	label := 12
	if l.columns < narrow {
		label = 9
	}
	columns := l.columns - 2*l.margin() - label
	bar := ""
	if row.Bar {
		const most, least, others = 30, 4, 9 // of others: brackets, percentage, spaces
		bar = fmt.Sprintf("%3d%%  ", int(row.Share*100))
		if cells := min(most, (columns-others)/2); cells >= least {
			bar = fmt.Sprintf("[%s] %s", l.charset.bar(row.Share, cells), bar)
		}
	}
	var lines []Line
	for n, text := range l.wrapAfter(row.Text, utf8.RuneCountInString(bar), columns, limit) {
		name := ""
		if n == 0 {
			name, text = row.Label, bar+text
		}
		lines = append(lines, Line{
			{Text: l.indent() + fmt.Sprintf("%-*s", label, name)},
			{Text: text, Style: Style{Tone: row.Tone}},
		})
	}
	return lines
}

func (l layout) margin() int {
	if l.columns < narrow {
		return 0
	}
	return 1
}

func (l layout) indent() string { return strings.Repeat(" ", l.margin()) }

// title is the first line, in reverse: left and right, as far as there is room.
func (l layout) title(left, right string) Line {
	left, right = " "+l.charset.clean(left), l.charset.clean(right)+" "
	gap := l.columns - utf8.RuneCountInString(left) - utf8.RuneCountInString(right)
	if gap < 1 {
		right, gap = "", l.columns-utf8.RuneCountInString(left)
	}
	text := clip(left+strings.Repeat(" ", max(gap, 0))+right, l.columns)
	return Line{{Text: text, Style: Style{Bold: true, Reverse: true}}}
}

// footer is the last line: what a person can do, and a rule over the messages of others.
func (l layout) footer(text string) Line {
	const messages = " messages "
	rule := l.charset.rule()
	left, right := strings.Repeat(rule, 2), messages+strings.Repeat(rule, 2)
	if text != "" {
		left += " " + l.charset.clean(text) + " "
	}
	gap := l.columns - utf8.RuneCountInString(left) - utf8.RuneCountInString(right)
	if gap < 0 {
		right, gap = "", max(0, l.columns-utf8.RuneCountInString(left))
	}
	return Line{{Text: clip(left, l.columns), Style: Style{Bold: true}}, {Text: strings.Repeat(rule, gap) + right}}
}
