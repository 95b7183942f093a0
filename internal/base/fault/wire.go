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

// Line puts an error into one line, for a parent process that keeps the end of the output.
func Line(err error) string {
	data, _ := json.Marshal(wire{KindOf(err), CodeOf(err), err.Error(), RemedyOf(err)})
	return wireMark + string(data)
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
