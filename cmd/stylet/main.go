// Command stylet installs and keeps an edge Kubernetes host: see `stylet --help`.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/stylet-edge/stylet/internal/base/fault"
)

func main() { os.Exit(run(os.Args)) }

func run(argv []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if isProviderCall(argv) {
		return runProvider(ctx, argv)
	}
	root := newRootCommand()
	root.SetArgs(argv[1:])
	err := root.ExecuteContext(ctx)
	var said fault.Exit
	if err != nil && !errors.As(err, &said) {
		fmt.Fprintln(os.Stderr, "stylet: "+fault.Text(err))
	}
	return fault.ExitCodeOf(err)
}
