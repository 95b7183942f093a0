package console

import (
	"cmp"
	"fmt"
)

// Tone is how something is meant. It is shown by colour where there is any, and always said in words
// too.
type Tone int

// The tones.
const (
	Plain Tone = iota
	Good
	Busy // goes on, or is worth reading
	Bad
)

// Screen is what is to be read, the most important first.
type Screen struct {
	// Title and Right are the two ends of the first line.
	Title, Right string
	// Headline is the answer to "how is it?".
	Headline string
	Tone     Tone
	Rows     []Row
	// Footer is the last line, below which messages of others scroll.
	Footer string
}

// Row is a label and what is said about it.
type Row struct {
	Label, Text string
	Tone        Tone
	// Minor rows are the first to go where there is no room.
	Minor bool
	// Bar shows Share, 0 to 1, before the text.
	Bar   bool
	Share float64
}

func (s *Screen) add(label, text string, tone Tone) {
	s.Rows = append(s.Rows, Row{Label: label, Text: text, Tone: tone})
}

func (s *Screen) minor(label, text string, tone Tone) {
	s.Rows = append(s.Rows, Row{Label: label, Text: text, Tone: tone, Minor: true})
}

func (s *Screen) progress(share float64, what string) {
	s.Rows = append(s.Rows, Row{Label: "progress", Text: what, Bar: true, Share: min(max(share, 0), 1)})
}

func (s *Screen) problem(p Problem) {
	s.add("error", fmt.Sprintf("%s: %s", cmp.Or(p.Code, "internal"), p.What), Bad)
	if p.Remedy != "" {
		s.add("to do", p.Remedy, Plain)
	}
}
