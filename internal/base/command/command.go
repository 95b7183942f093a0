// Package command is the only way in which stylet runs other programs: bounded in time, with a
// transcript on disk, and, where the program must outlive the agent, in a transient systemd unit
// of its own that a restarted agent finds again by name.
package command

import (
	"context"
	"fmt"
	"time"
)

// Spec says what to run.
type Spec struct {
	// Name identifies the run: letters, digits and dashes. A unit runner names its unit
	// stylet-step-NAME.service, so that two runs with the same name are the same run.
	Name string
	// Fresh makes this a run of its own: what an earlier caller left under the name, running or ended,
	// is stopped and forgotten, not attached to. It is for what looks, not for what acts.
	Fresh bool
	// Argv is the program (absolute, or found in PATH) and its arguments.
	Argv []string
	// Env is added to a minimal environment (PATH, LANG=C.UTF-8), "K=V".
	Env []string
	// Timeout ends the program and its children; zero means DefaultTimeout.
	Timeout time.Duration
	// Transcript is a file that receives stdout and stderr; empty keeps only the tail.
	Transcript string
	// Sandbox confines the program when it runs in a unit of its own.
	Sandbox Sandbox
	// OnLine, if set, is called with each line of stdout while the program runs.
	OnLine func(string)
}

// DefaultTimeout bounds a program that names no limit of its own.
const DefaultTimeout = 10 * time.Minute

// TailBytes is how much of the end of the output a Result keeps.
const TailBytes = 4096

// Result is what a program left behind.
type Result struct {
	ExitCode int
	// Tail is the end of its output, at most TailBytes.
	Tail     string
	Duration time.Duration
}

// Runner runs programs. Run returns an *ExitError when the program ran and failed.
type Runner interface {
	Run(ctx context.Context, spec Spec) (Result, error)
}

// ExitError is a program that ran and failed.
type ExitError struct {
	Program string
	Result  Result
}

func (e *ExitError) Error() string {
	text := fmt.Sprintf("%s ended with status %d after %s", e.Program, e.Result.ExitCode, e.Result.Duration.Round(time.Millisecond))
	if e.Result.Tail != "" {
		text += ": " + e.Result.Tail
	}
	return text
}
