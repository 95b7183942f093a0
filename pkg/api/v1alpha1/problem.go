package v1alpha1

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Problem is one thing wrong with a file that a person wrote.
type Problem struct {
	File string // as the person named it
	// Line and Column count from 1; zero means that the place is not known.
	Line, Column int
	Path         string // of the key, "spec.layers[1].image"; may be empty
	What         string // what is wrong, with the value
	Remedy       string // what to write instead; may be empty
	// Code is stable; empty for the most frequent one, CodeValue.
	Code string
	// Warning marks what is worth reading and wrong in no strict sense.
	Warning bool
}

// The codes of problems with files that people write.
const (
	CodeValue       = "value.invalid"
	CodeType        = "value.type"
	CodeUnknownKey  = "key.unknown"
	CodeRepeatedKey = "key.repeated"
	CodeConflict    = "key.conflict"
	CodeOverridden  = "key.overridden"
	CodePlanned     = "key.planned"
	CodeDeprecated  = "key.deprecated"
	CodeIgnored     = "key.ignored"
	CodeUnsupported = "key.unsupported"
	CodeMisplaced   = "key.misplaced"
	CodeSyntax      = "file.syntax"
	CodeFile        = "file.unusable"
)

// Coded gives the problem with a code.
func (p Problem) Coded(code string) Problem {
	p.Code = code
	return p
}

// At gives the problem the place of an origin, FILE:LINE:COLUMN.
func (p Problem) At(origin string) Problem {
	p.File = origin
	for _, number := range []*int{&p.Column, &p.Line} {
		i := strings.LastIndexByte(p.File, ':')
		n, err := strconv.Atoi(p.File[i+1:])
		if i < 0 || err != nil {
			return p
		}
		*number, p.File = n, p.File[:i]
	}
	return p
}

// CodeOr gives the code, CodeValue if there is none.
func (p Problem) CodeOr() string {
	if p.Code == "" {
		return CodeValue
	}
	return p.Code
}

// String gives FILE:LINE:COLUMN: PATH: WHAT (REMEDY).
func (p Problem) String() string {
	var b strings.Builder
	if p.File != "" {
		b.WriteString(p.File + ":")
	}
	if p.Line > 0 {
		fmt.Fprintf(&b, "%d:", p.Line)
		if p.Column > 0 {
			fmt.Fprintf(&b, "%d:", p.Column)
		}
	}
	if b.Len() > 0 {
		b.WriteString(" ")
	}
	if p.Warning {
		b.WriteString("warning: ")
	}
	if p.Path != "" {
		b.WriteString(p.Path + ": ")
	}
	b.WriteString(p.What)
	if p.Remedy != "" {
		b.WriteString(" (" + p.Remedy + ")")
	}
	return b.String()
}

// Problems is all that is wrong with a file, told at once.
type Problems []Problem

// Error gives one problem per line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Warnings gives those that are only warnings, in the order of the file.
func (ps Problems) Warnings() Problems { return ps.with(true) }

// Errors gives those that are more than warnings, in the order of the file.
func (ps Problems) Errors() Problems { return ps.with(false) }

func (ps Problems) with(warning bool) Problems {
	var found Problems
	for _, p := range ps.InOrder() {
		if p.Warning == warning {
			found = append(found, p)
		}
	}
	return found
}

// Err gives the errors, in the order of the file, as an error; nil if there are none.
func (ps Problems) Err() error {
	if errs := ps.Errors(); len(errs) > 0 {
		return errs
	}
	return nil
}

// InOrder gives the problems in the order of the file.
func (ps Problems) InOrder() Problems {
	sorted := slices.Clone(ps)
	slices.SortStableFunc(sorted, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return sorted
}
