package main

import (
	"context"
	"fmt"
	"os"

	"github.com/stylet-edge/stylet/internal/agent"
	"github.com/stylet-edge/stylet/internal/agent/settings"
	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/kairos"
	"github.com/stylet-edge/stylet/internal/kairos/provider"
)

func isProviderCall(argv []string) bool { return provider.IsProviderCall(argv) }

// runProvider answers one event of kairos-agent. The exit status is 0 even when the event could
// not be handled, as the answer says so: another one would abort a boot stage.
func runProvider(ctx context.Context, argv []string) int {
	boot := func(ctx context.Context, config string) error {
		s, err := settings.Load(os.Getenv)
		if err != nil {
			return err
		}
		host := kairos.Host{Runner: command.Local{}, StateDir: s.BootDir, OEMDir: s.UserDataDir}
		return host.AtBoot(ctx, func(host kairos.Host) error {
			return agent.BootHook{Settings: s, Host: host}.Run(ctx, config)
		})
	}
	if err := (provider.Provider{Boot: boot}).Serve(ctx, argv, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "stylet: provider: "+err.Error())
	}
	return 0
}
