// Package agent wires stylet's parts into the programs that run on a host: the daemon, the steps
// that run beside it in units of their own, and the hook at boot.
package agent

import (
	"context"
	"errors"
	"os"
	"sync"

	"github.com/coreos/go-systemd/v22/daemon"
	"go.uber.org/zap"

	"github.com/stylet-edge/stylet/internal/agent/localapi"
	"github.com/stylet-edge/stylet/internal/agent/settings"
	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/internal/base/killpoint"
	"github.com/stylet-edge/stylet/internal/base/version"
	"github.com/stylet-edge/stylet/internal/content"
	"github.com/stylet-edge/stylet/internal/lifecycle"
	"github.com/stylet-edge/stylet/internal/lifecycle/actions"
)

// Daemon is `stylet agent`.
type Daemon struct {
	Settings settings.Settings
	// Level is set to Settings.Level once the user-data is read.
	Level zap.AtomicLevel
	Log   *zap.Logger
	// Units runs steps in units of their own, Local runs small programs inside the agent.
	Units, Local command.Runner
	// Program is the stylet binary that steps run.
	Program string
}

// Run runs until ctx ends. It returns an error only if the agent cannot do its job at all.
func (d Daemon) Run(ctx context.Context) error {
	state, err := durable.Open(d.Settings.StateDir)
	if err != nil {
		return err
	}
	defer state.Close()
	unlock, err := state.Lock(ctx, "agent.lock")
	if err != nil {
		return err
	}
	defer unlock() //nolint:errcheck // the process ends
	store, err := content.OpenStore(state)
	if err != nil {
		return err
	}
	source, err := d.source(ctx, state)
	if err != nil {
		return err
	}
	host := kairosHost(d.Settings, d.Local)
	source.info.units = d.Units
	source.clock = clockKeeper{units: d.Units, program: d.Program}
	tidier := actions.Tidier{State: state, Content: store, Running: host.Running}
	engine := lifecycle.New(lifecycle.Config{
		State: state, Log: d.Log, AgentVersion: version.Version,
		Observer: machine{host: host, state: state, runtimeDir: d.Settings.RuntimeDir, info: source.info.get},
		Actions:  d.actions(state, tidier, source),
		Gates:    gates(d.Units, d.Local, state, d.Settings.RuntimeDir, source),
		Beat:     newNotifier(d.Log),
	})
	d.Log.Info("stylet agent starts", zap.String("version", version.Version), zap.Stringer("settings", d.Settings))
	return d.serve(ctx, engine, source, tidier)
}

// serve runs the loop with the source, the API and the tidying beside it, and ends them with it.
func (d Daemon) serve(ctx context.Context, engine *lifecycle.Engine, source *assignment, tidier actions.Tidier) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var beside sync.WaitGroup
	defer beside.Wait()
	source.retry = engine.Retry
	beside.Go(func() { source.info.keep(ctx) })
	beside.Go(func() { engine.Poll(ctx, source, source.interval) })
	beside.Go(func() {
		tidier.Keep(ctx, func(err error) { d.Log.Warn("what is no longer needed could not be removed", zap.Error(err)) })
	})
	beside.Go(func() {
		server := localapi.NewServer(engine, d.Log)
		server.Look = engine.Look
		if err := server.Serve(ctx, d.Settings.Socket()); err != nil {
			cancel(err) // an agent that nobody can ask is restarted
		}
	})
	err := engine.Run(ctx)
	if cause := context.Cause(ctx); err == nil && !errors.Is(cause, context.Canceled) {
		err = cause
	}
	cancel(nil)
	return err
}

func (d Daemon) source(ctx context.Context, state *durable.Root) (*assignment, error) {
	a, err := newAssignment(d.Settings, d.Program, state)
	if err != nil {
		return nil, err
	}
	wanted, err := a.read(ctx)
	if err != nil {
		d.Log.Warn("the user-data cannot be used", zap.Error(err))
		return a, nil
	}
	if err := d.Level.UnmarshalText([]byte(d.Settings.Level(wanted.Site.LogLevel))); err != nil {
		d.Log.Warn("the log level of the user-data cannot be used", zap.Error(err))
	}
	return a, nil
}

// actions are carried out inside the agent where nothing but its own directory and the network is
// needed, and in units of their own otherwise.
func (d Daemon) actions(state *durable.Root, tidier actions.Tidier, source *assignment) lifecycle.Actions {
	set := lifecycle.Actions{
		lifecycle.EnsureContent: actions.EnsureContent{Tidier: tidier, Registry: source.registry},
		lifecycle.RenderConfig:  actions.RenderConfig{State: state},
	}
	unit := actions.InUnit{
		Runner: d.Units, Program: d.Program, Env: stepEnv(), TranscriptDir: d.Settings.StateDir + "/transcripts",
	}
	for name := range actions.Privileged(actions.Deps{}) {
		set[name] = unit
	}
	return set
}

// stepEnv hands the agent's own settings on to its steps, and in a build for tests of deaths the
// places where they are to die.
func stepEnv() []string {
	var env []string
	for _, name := range append(settings.Variables(), killpoint.Variables()...) {
		if v := os.Getenv(name); v != "" {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// newNotifier tells systemd at the first beat that the loop runs, and feeds the watchdog at each.
func newNotifier(log *zap.Logger) func() {
	ready := false
	return func() {
		text := daemon.SdNotifyWatchdog
		if !ready {
			text = daemon.SdNotifyReady + "\n" + text
		}
		if _, err := daemon.SdNotify(false, text); err != nil {
			log.Warn("telling systemd", zap.Error(err))
			return
		}
		ready = true
	}
}
