package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// formFlag is the value of -o: one of a few forms, the first of which is the default.
type formFlag struct {
	value string
	forms []string
}

func newFormFlag(forms ...string) *formFlag { return &formFlag{value: forms[0], forms: forms} }

// String gives the chosen form.
func (f *formFlag) String() string { return f.value }

// Set accepts one of the forms.
func (f *formFlag) Set(text string) error {
	if !slices.Contains(f.forms, text) {
		return fmt.Errorf("use %s", strings.Join(f.forms, " or "))
	}
	f.value = text
	return nil
}

// Type is what help calls the value.
func (f *formFlag) Type() string { return strings.Join(f.forms, "|") }

// writeJSON writes the answer to -o json.
func writeJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}
