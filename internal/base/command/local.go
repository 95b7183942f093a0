package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/base/killpoint"
)

// grace is how long a killed program's pipes may stay open before they are closed by force: a
// grandchild that left the group would otherwise hold the caller for ever.
const grace = 2 * time.Second

// Local runs programs as children of this process. Each is the leader of a process group of its
// own, which is killed as a whole when the time is up or the context ends.
type Local struct{}

var _ Runner = Local{}

// Run starts the program and waits for its end. Only its stdout goes to spec.OnLine.
//
// Errors: *ExitError when it ran and failed (on the chain also after a time-out, which is a
// fault of kind Retry, and after the context's end); kind Internal when it cannot be started.
func (Local) Run(ctx context.Context, spec Spec) (Result, error) {
	if err := spec.check(); err != nil {
		return Result{}, err
	}
	out, err := newOutput(spec.Transcript, spec.OnLine)
	if err != nil {
		return Result{}, err
	}
	limit := spec.limit()
	timed, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(timed, spec.Argv[0], spec.Argv[1:]...)
	cmd.Env = spec.environment()
	cmd.Stdout, cmd.Stderr = out.stdout(), out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = grace

	killpoint.Reach("command.start")
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return Result{}, errors.Join(cannotStart(spec, err), out.close())
	}
	waitErr := cmd.Wait()
	killpoint.Reach("command.ended")
	result := Result{ExitCode: exitCode(cmd.ProcessState), Duration: time.Since(began)}
	closeErr := out.close()
	result.Tail = out.tail()
	return result, errors.Join(verdict(ctx, timed, spec, result, waitErr), closeErr)
}

// verdict turns the ways in which a run can end into the one error that says which it was.
func verdict(ctx, timed context.Context, spec Spec, result Result, waitErr error) error {
	if waitErr == nil || (result.ExitCode == 0 && errors.Is(waitErr, exec.ErrWaitDelay)) {
		return nil
	}
	exit := &ExitError{Program: spec.Argv[0], Result: result}
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("running %s: %w: %w", spec.Argv[0], context.Cause(ctx), exit)
	case timed.Err() != nil:
		return timedOut(spec, exit)
	case result.ExitCode == 0:
		return fmt.Errorf("running %s: %w", spec.Argv[0], waitErr)
	}
	return exit
}

func timedOut(spec Spec, exit *ExitError) error {
	return fault.Wrap(exit, fault.Retry, "command.timeout", "look at what it waited for in its transcript",
		"%s did not end within %s and was killed", spec.Argv[0], spec.limit())
}

func cannotStart(spec Spec, err error) error {
	return fault.Wrap(err, fault.Internal, "command.not-started",
		"check that the program is part of the image", "starting %s", spec.Argv[0])
}

// exitCode is the status as a shell gives it: 128 and the signal's number for a killed program.
func exitCode(state *os.ProcessState) int {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return state.ExitCode()
}
