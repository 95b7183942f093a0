package v1alpha1

import "strings"

// TextList is a list of words that may also be written as one text with commas or spaces between
// them, as published samples do.
type TextList []string

// TextListOf reads the short form.
func TextListOf(text string) TextList {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\n' })
}
