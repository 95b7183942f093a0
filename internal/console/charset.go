package console

import "strings"

// Charset is what a terminal can show.
type Charset int

// The character sets.
const (
	// ASCII is what every serial terminal shows.
	ASCII Charset = iota
	// Linux is what the kernel's own font for the screen has (code page 437), as far as names and
	// words of European languages use it.
	Linux
)

// inLinuxFont are the characters beyond ASCII that are let through on the screen.
const inLinuxFont = "äöüÄÖÜßéèêëàâáåÅçÇñÑíìîïóòôúùûÿæÆ·°±"

// clean gives the text as the terminal can show it. Everything else becomes a question mark: escape
// sequences and control characters too, which a name from a registry might hold.
func (c Charset) clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case r >= ' ' && r <= '~':
			return r
		case c == Linux && strings.ContainsRune(inLinuxFont, r):
			return r
		case r == '–' || r == '—':
			return '-'
		case r == '’' || r == '‘':
			return '\''
		case r == '“' || r == '”':
			return '"'
		}
		return '?'
	}, text)
}

func (c Charset) rule() string {
	if c == Linux {
		return "─"
	}
	return "-"
}

// bar draws a share in so many columns.
func (c Charset) bar(share float64, columns int) string {
	full, empty := "#", "-"
	if c == Linux {
		full, empty = "█", "░"
	}
	n := int(share * float64(columns))
	return strings.Repeat(full, n) + strings.Repeat(empty, columns-n)
}
