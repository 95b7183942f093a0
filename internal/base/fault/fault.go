// Package fault gives errors what the edge of the program needs: a kind (what to do about it),
// a stable code (what to look up), and a remedy (what a person does next).
//
// Inside the program errors are wrapped as usual, "doing the thing: %w". A *fault.Error
// anywhere on the chain decides kind, code and remedy; the text for people is made once, at the
// edge, by Text.
package fault

import (
	"errors"
	"fmt"
)

// Kind says what a caller should do about an error.
type Kind string

// The kinds, from the mildest to the hardest.
const (
	// Retry: the same call may succeed soon (a network hiccup, a busy lock).
	Retry Kind = "retry"
	// Wait: nothing to do until something outside changes (no room, no link, no clock).
	Wait Kind = "wait"
	// Input: what a person or a registry gave us is wrong; the same input fails again.
	Input Kind = "input"
	// Usage: the command line is wrong.
	Usage Kind = "usage"
	// Refused: stylet understood and will not do it.
	Refused Kind = "refused"
	// Denied: the caller lacks the right to ask.
	Denied Kind = "denied"
	// Internal: stylet or the host broke a rule of its own. Unmarked errors count as this.
	Internal Kind = "internal"
)

// Error is an error with a kind, a stable code and a remedy.
type Error struct {
	Kind   Kind
	Code   string // stable, for example "content.no-room"; documented in docs/errors.md
	What   string // what went wrong, with the values that matter
	Remedy string // what to do next; one sentence, may be empty
	Err    error  // the cause, may be nil
}

// New makes an Error without a cause.
func New(kind Kind, code, remedy, format string, args ...any) *Error {
	return &Error{Kind: kind, Code: code, Remedy: remedy, What: fmt.Sprintf(format, args...)}
}

// Wrap makes an Error with a cause; it returns nil for a nil cause.
func Wrap(err error, kind Kind, code, remedy, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return &Error{Kind: kind, Code: code, Remedy: remedy, What: fmt.Sprintf(format, args...), Err: err}
}

// Error gives the text without code and remedy, as for any wrapped error.
func (e *Error) Error() string {
	if e.Err == nil {
		return e.What
	}
	return e.What + ": " + e.Err.Error()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf gives the kind of the outermost *Error on the chain, Internal if there is none.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// CodeOf gives the code of the outermost *Error on the chain, "internal" if there is none.
func CodeOf(err error) string {
	var e *Error
	if errors.As(err, &e) && e.Code != "" {
		return e.Code
	}
	return "internal"
}

// Text is the text for people: what, why, the code, and the next step.
func Text(err error) string {
	var e *Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	text := fmt.Sprintf("%v [%s]", err, CodeOf(err))
	if e.Remedy != "" {
		text += "\n  what to do: " + e.Remedy
	}
	return text
}

// RemedyOf gives the remedy of the outermost *Error on the chain, "" if there is none.
func RemedyOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Remedy
	}
	return ""
}
