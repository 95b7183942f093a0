package command

import (
	"io"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/stylet-edge/stylet/internal/base/fault"
)

// How a process ended, as the kernel and systemd's ExecMainCode say it (waitid(2)).
const (
	cldExited = 1
	// statusExec is systemd's status for a program that could not be executed.
	statusExec = 203
)

// unitState is what systemd says of a unit.
type unitState struct {
	loaded      bool
	description string
	active, sub string
	// outcome is systemd's Result: success, exit-code, signal, timeout and others.
	outcome      string
	code, status int32
	// began and over are times of the main process on the monotonic clock, in microseconds.
	began, over uint64
}

// ended tells whether the program has come to its end.
func (s unitState) ended() bool {
	switch s.active {
	case "failed", "inactive":
		return true
	case "active":
		return s.sub == "exited"
	}
	return false
}

// result turns the end of a unit into what Local would have returned.
func (s unitState) result(spec Spec) (Result, error) {
	result := Result{Tail: tailOf(spec.Transcript)}
	if s.over > s.began {
		result.Duration = time.Duration(s.over-s.began) * time.Microsecond
	}
	result.ExitCode = int(s.status)
	if s.code != cldExited && s.status != 0 {
		result.ExitCode = 128 + int(s.status)
	}
	exit := &ExitError{Program: spec.Argv[0], Result: result}
	switch {
	case s.outcome == "success" && result.ExitCode == 0:
		return result, nil
	case s.outcome == "timeout":
		return result, timedOut(spec, exit)
	case s.code == cldExited && s.status == statusExec:
		return result, cannotStart(spec, syscall.ENOEXEC)
	case s.outcome == "exit-code" || s.outcome == "signal" || s.outcome == "core-dump":
		return result, exit
	}
	return result, fault.Wrap(exit, fault.Retry, "command.unit-failed",
		"`journalctl -u "+UnitPrefix+spec.Name+"` says more", "running %s: systemd says %q", spec.Argv[0], s.outcome)
}

// tailOf reads the end of a transcript; a missing one has none.
func tailOf(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return ""
	}
	data, err := io.ReadAll(io.NewSectionReader(f, max(0, info.Size()-TailBytes), TailBytes))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(strings.ToValidUTF8(string(data), "�"))
}
