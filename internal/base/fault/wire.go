package fault

import (
	"encoding/json"
	"errors"
	"strings"
)

// wireMark begins the line by which a process tells its parent how it failed.
const wireMark = "stylet-fault: "

type wire struct {
	Kind   Kind   `json:"kind"`
	Code   string `json:"code"`
	What   string `json:"what"`
	Remedy string `json:"remedy,omitempty"`
}

// MaxLine is the length that a Line never exceeds, in bytes: a parent keeps only so much of the end
// of an output, and a line of which the beginning is lost says nothing.
const MaxLine = 2048

// Line puts an error into one line, for a parent process that keeps the end of the output. Print it
// last. What is too long for it is cut.
func Line(err error) string {
	w := wire{KindOf(err), CodeOf(err), err.Error(), RemedyOf(err)}
	for {
		data, _ := json.Marshal(w)
		if len(wireMark)+len(data) <= MaxLine {
			return wireMark + string(data)
		}
		longest := &w.What
		if len(w.Remedy) > len(w.What) {
			longest = &w.Remedy
		}
		*longest = shortened(*longest)
	}
}

// shortened gives three quarters of a text.
func shortened(text string) string {
	const mark = " ..."
	keep := len(strings.TrimSuffix(text, mark)) * 3 / 4
	return strings.ToValidUTF8(text[:keep], "") + mark
}

// FromOutput finds the last Line in a program's output. It returns nil if there is none.
func FromOutput(output string) error {
	i := strings.LastIndex(output, wireMark)
	if i < 0 {
		return nil
	}
	line, _, _ := strings.Cut(output[i+len(wireMark):], "\n")
	var w wire
	//nolint:nilerr // a line that was cut off is none
	if json.Unmarshal([]byte(line), &w) != nil || w.What == "" {
		return nil
	}
	return &Error{Kind: w.Kind, Code: w.Code, Remedy: w.Remedy, Err: errors.New(w.What), What: "in its own unit"}
}
