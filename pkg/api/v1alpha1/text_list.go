package v1alpha1

import "strings"

// TextList is a list of words that may also be written as one text with commas or spaces between
// them, as published samples do.
type TextList []string

// fromText reads the short form.
func (l *TextList) fromText(text string) {
	*l = strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\n' })
}
