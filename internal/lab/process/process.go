// Package process starts the programs of the proof harness (QEMU, a registry, small tools) and
// ends exactly those that it started.
//
// It is not internal/base/command: that one runs a program to its end for the product, this one
// keeps programs running beside a test, and hands back their whole output.
package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Spec says what to start.
type Spec struct {
	// Argv is the program, absolute or found in PATH, and its arguments.
	Argv []string
	// Env is added to this process's own environment, "K=V".
	Env []string
	// Stdin feeds the program; nil is /dev/null.
	Stdin io.Reader
	// Stdout and Stderr receive its output; nil drops it.
	Stdout, Stderr io.Writer
}

// Process is a program that was started here.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error
}

// grace is how long Stop waits between asking and killing.
const grace = 5 * time.Second

// Start starts the program. It dies with this process, and a Ctrl-C at the terminal does not
// reach it: the harness ends it in its own order.
func Start(spec Spec) (*Process, error) {
	cmd := command(spec)
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", spec.Argv[0], err)
	}
	p := &Process{cmd: cmd, done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

func command(spec Spec) *exec.Cmd {
	cmd := exec.Command(spec.Argv[0], spec.Argv[1:]...)
	cmd.Env = append(os.Environ(), spec.Env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = spec.Stdin, spec.Stdout, spec.Stderr
	// Children that left the group may hold the output open.
	cmd.WaitDelay = grace
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	return cmd
}

// Pid is the process's id.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Done is closed when the program has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err says how the program ended, nil for exit status 0. It may be called once Done is closed.
func (p *Process) Err() error { return p.err }

// Kill ends the program and its children at once, with no chance to flush anything, and waits for
// its end.
func (p *Process) Kill() {
	select {
	case <-p.done: // its number may belong to somebody else by now
		return
	default:
	}
	_ = syscall.Kill(-p.Pid(), syscall.SIGKILL) // its process group, see command; an error means that it has ended
	<-p.done
}

// Stop asks the program to end (SIGTERM), and kills it when it does not within five seconds.
func (p *Process) Stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
		p.Kill()
	}
}

// Output runs a program to its end and gives its standard output. The error of a program that
// failed carries what it wrote to standard error. Cancelling ctx kills it.
func Output(ctx context.Context, argv ...string) ([]byte, error) {
	var out, errs bytes.Buffer
	if err := Run(ctx, Spec{Argv: argv, Stdout: &out, Stderr: &errs}); err != nil {
		return nil, fmt.Errorf("%w: %s", err, strings.TrimSpace(errs.String()))
	}
	return out.Bytes(), nil
}

// Run runs a program to its end. Cancelling ctx kills it.
func Run(ctx context.Context, spec Spec) error {
	p, err := Start(spec)
	if err != nil {
		return err
	}
	select {
	case <-p.done:
	case <-ctx.Done():
		p.Kill()
		return fmt.Errorf("%s: %w", spec.Argv[0], context.Cause(ctx))
	}
	if p.err != nil {
		return fmt.Errorf("%s: %w", strings.Join(spec.Argv, " "), p.err)
	}
	return nil
}

// ExitCode gives the exit status behind an error of Run or Output, -1 if there is none.
func ExitCode(err error) int {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	return -1
}
