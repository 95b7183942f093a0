package console

import (
	"strings"
	"unicode/utf8"
)

// cut ends a text that has no room.
const cut = "..."

// wrapAfter breaks a text between words, or where it must, into lines of at most so many columns, of
// which the first has some taken already; beyond the limit of lines the rest is cut. There is
// always one line.
func (l layout) wrapAfter(text string, taken, columns, limit int) []string {
	room := func(line int) int {
		if line == 0 {
			return max(columns-taken, 1)
		}
		return max(columns, 1)
	}
	lines := []string{""}
	for word := range strings.FieldsSeq(l.charset.clean(text)) {
		for word != "" {
			n := len(lines) - 1
			joined := strings.TrimLeft(lines[n]+" "+word, " ")
			if utf8.RuneCountInString(joined) <= room(n) {
				lines[n] = joined
				break
			}
			if lines[n] == "" { // a word longer than a line: whole, over several
				lines[n] = clip(word, room(n))
				word = word[len(lines[n]):]
			}
			lines = append(lines, "")
		}
	}
	if last := len(lines) - 1; last > 0 && lines[last] == "" {
		lines = lines[:last]
	}
	if len(lines) <= limit {
		return lines
	}
	lines = lines[:limit]
	n := limit - 1
	lines[n] = clip(lines[n], max(room(n)-len(cut), 0)) + clip(cut, room(n))
	return lines
}

// clip gives the first so many characters.
func clip(text string, columns int) string {
	for i := range text {
		if columns == 0 {
			return text[:i]
		}
		columns--
	}
	return text
}
