// Command unitrun is the component test's stand-in for the agent: it runs one Spec, given as JSON,
// in a unit, and prints what came of it.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/base/fault"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := os.WriteFile("/run/unitrun.pid", fmt.Appendln(nil, os.Getpid()), 0o600); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var spec command.Spec
	if err := json.Unmarshal([]byte(os.Args[1]), &spec); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var out struct {
		Result command.Result
		Lines  []string
		Code   string
		Error  string
	}
	spec.OnLine = func(line string) { out.Lines = append(out.Lines, line) }
	result, err := command.Units{Dir: "/run/unitrun"}.Run(ctx, spec)
	out.Result = result
	if err != nil {
		out.Code, out.Error = fault.CodeOf(err), err.Error()
	}
	if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {
		os.Exit(1)
	}
}
