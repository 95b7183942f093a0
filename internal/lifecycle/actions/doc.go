// Package actions adapts the capabilities to the engine's actions: one action in a file. What it
// takes to do a thing is in the capabilities; here is only when it is done and what it is given.
package actions

import (
	"context"

	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/internal/content"
	"github.com/stylet-edge/stylet/internal/kairos"
	"github.com/stylet-edge/stylet/internal/lifecycle"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Deps is what the actions of a host work with.
type Deps struct {
	State   *durable.Root
	Content *content.Store
	Host    kairos.Host
	Runner  command.Runner
	// SetUp writes the running stylet, its units and links below a root.
	SetUp func(root string) error
	// EndDeadline takes away the deadline that the boot set for a trial, once it is committed.
	EndDeadline func(context.Context)
	// AgentBytes is the most that SetUp writes.
	AgentBytes int64
	// Announce says a line on the machine's consoles, as well as it can.
	Announce func(line string)
}

// Privileged are the actions that need mounts, devices or the boot loader's files, and must
// outlive the agent: they run in units of their own, where this set carries them out.
func Privileged(d Deps) lifecycle.Actions {
	return lifecycle.Actions{
		lifecycle.Compose:  composeImage{d},
		lifecycle.ArmTrial: armTrial{d},
		lifecycle.Switch:   switchImage{d},
		lifecycle.Restart:  restart{d.Runner},
		lifecycle.Commit:   commit{d},
		lifecycle.Disarm:   disarm{d},
		lifecycle.Rollback: rollback{d},
	}
}

func (d Deps) tidier() Tidier {
	return Tidier{State: d.State, Content: d.Content, Running: d.Host.Running}
}

// layers gives the layers of a target whose blobs the host needs.
func layers(t lifecycle.Target) []v1alpha1.Layer {
	list := t.Profile.Spec.Layers
	if t.Profile.Spec.Agent != nil {
		list = append(list[:len(list):len(list)], *t.Profile.Spec.Agent)
	}
	return list
}

// imageFile is the name of a target's image in the state directory.
func imageFile(t lifecycle.Target) string { return "images/" + t.Revision.Image.Short() + ".img" }
