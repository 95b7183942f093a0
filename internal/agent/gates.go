package agent

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/internal/lifecycle"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// gates are those of every host, and then the profile's own. A profile's commands run in units of
// their own, outside the agent's sandbox.
func gates(units, local command.Runner, state *durable.Root, runtimeDir string, source *assignment) func(lifecycle.Target) []lifecycle.NamedGate {
	return func(t lifecycle.Target) []lifecycle.NamedGate {
		const patience = 5 * time.Minute
		list := []lifecycle.NamedGate{
			// No patience: what the boot hook did or could not do does not change until the next boot.
			{Name: "configuration", Required: true, Gate: configurationGate{runtimeDir: runtimeDir, want: t.Revision}},
			{Name: "host", Required: true, Timeout: patience, Gate: hostGate{local}},
			{Name: "units", Required: false, Timeout: patience, Gate: unitsGate{local}},
			{Name: "agent", Required: true, Timeout: patience, Gate: agentGate{state}},
		}
		if mustReach(state, t, time.Now()) {
			list = append(list, lifecycle.NamedGate{Name: "network", Required: true, Timeout: networkPatience, Gate: networkGate{source}})
		}
		for _, spec := range t.Profile.Spec.Gates {
			list = append(list, lifecycle.GateRules(spec, commandGate{runner: units, name: spec.Name, argv: spec.Command}))
		}
		return list
	}
}

// commandTimeout bounds one look of a gate.
const commandTimeout = 30 * time.Second

// commandGate passes when a command succeeds.
type commandGate struct {
	runner command.Runner
	name   string
	argv   []string
}

func (g commandGate) Check(ctx context.Context) lifecycle.Finding {
	_, err := g.runner.Run(ctx, command.Spec{
		Name: "gate-" + g.name, Fresh: true, Argv: g.argv, Timeout: commandTimeout,
	})
	if err != nil {
		return lifecycle.Finding{Message: strings.Join(g.argv, " ") + ": " + err.Error()}
	}
	return lifecycle.Finding{OK: true, Message: "passes"}
}

// configurationGate passes when the boot hook has laid the revision's configuration over the image,
// whole. It wants the hook's word for that: a hook that never ran leaves no complaint.
type configurationGate struct {
	runtimeDir string
	want       v1alpha1.Revision
}

func (g configurationGate) Check(context.Context) lifecycle.Finding {
	if problem := (machine{runtimeDir: g.runtimeDir}).bootProblem(); problem != nil {
		return lifecycle.Finding{Message: "the configuration may not be whole: " + problem.Error()}
	}
	done, err := os.ReadFile(filepath.Join(g.runtimeDir, configuredFile))
	if err == nil && strings.TrimSpace(string(done)) == string(g.want.ID()) {
		return lifecycle.Finding{OK: true, Message: "laid over the image at boot"}
	}
	return lifecycle.Finding{Message: "the configuration is not there: the boot hook did not run for this revision"}
}

// hostGate passes when systemd has finished starting. Failed units are told by unitsGate: which of
// them matter, a profile's own gates know better.
type hostGate struct{ runner command.Runner }

func (g hostGate) Check(ctx context.Context) lifecycle.Finding {
	state := systemState(ctx, g.runner)
	ok := state == "running" || state == "degraded"
	return lifecycle.Finding{OK: ok, Message: "the system is " + state}
}

func systemState(ctx context.Context, runner command.Runner) string {
	// is-system-running prints the state and fails for all but "running".
	result, err := runner.Run(ctx, command.Spec{Name: "system-state", Argv: []string{"systemctl", "is-system-running"}, Timeout: commandTimeout})
	if state := strings.TrimSpace(result.Tail); state != "" {
		return state
	}
	return fmt.Sprintf("unknown (%v)", err)
}

// unitsGate passes when no unit has failed.
type unitsGate struct{ runner command.Runner }

func (g unitsGate) Check(ctx context.Context) lifecycle.Finding {
	result, err := g.runner.Run(ctx, command.Spec{
		Name: "failed-units", Argv: []string{"systemctl", "list-units", "--failed", "--plain", "--no-legend"}, Timeout: commandTimeout,
	})
	if err != nil {
		return lifecycle.Finding{Message: err.Error()}
	}
	if failed := strings.TrimSpace(result.Tail); failed != "" {
		return lifecycle.Finding{Message: "failed units: " + failed}
	}
	return lifecycle.Finding{OK: true, Message: "no failed unit"}
}

// agentGate passes when this agent can write what it must remember.
type agentGate struct{ state *durable.Root }

func (g agentGate) Check(context.Context) lifecycle.Finding {
	const name = "agent-gate"
	if err := g.state.WriteFile(name, []byte(time.Now().Format(time.RFC3339)), 0o600); err != nil {
		return lifecycle.Finding{Message: "the state directory cannot be written: " + err.Error()}
	}
	return lifecycle.Finding{OK: true, Message: "the loop runs and the state directory can be written"}
}
