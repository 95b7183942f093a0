package command

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/dbus"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/base/killpoint"
)

// UnitPrefix begins the name of every unit of a Units runner.
const UnitPrefix = "stylet-step-"

// Units runs each program in a transient systemd unit, stylet-step-NAME.service, which neither the
// caller's end nor its restart touches. A unit that has ended stays loaded with its result until
// somebody has collected it: a Run with an equal Spec attaches to it, running or ended, and
// returns what a Run from the start would have, unless the Spec is Fresh. What is collected is gone,
// so the caller must be able to bear a second run when it dies before it has noted the Result.
type Units struct {
	// Dir receives the transcripts of Specs that name none; default /run/stylet/steps.
	Dir string
}

var _ Runner = Units{}

// Run starts the program's unit, or attaches to it, and waits for its end. The end of ctx ends the
// waiting only: the unit goes on. spec.OnLine gets the lines of the whole transcript, stderr too,
// and when attaching from its beginning.
//
// Errors: as Local's; moreover kind Retry when another program runs under the name, when the unit
// was removed from outside, or when systemd does not answer.
func (u Units) Run(ctx context.Context, spec Spec) (Result, error) {
	if err := spec.check(); err != nil {
		return Result{}, err
	}
	if spec.Transcript == "" {
		dir := u.Dir
		if dir == "" {
			dir = "/run/stylet/steps"
		}
		spec.Transcript = filepath.Join(dir, spec.Name+".log")
	}
	m, err := connect(ctx)
	if err != nil {
		return Result{}, err
	}
	defer m.close()
	name := UnitPrefix + spec.Name + ".service"
	state, err := u.attachOrStart(ctx, m, name, spec)
	if err != nil {
		return Result{}, err
	}
	if state, err = follow(ctx, m, name, spec, state); err != nil {
		return Result{}, err
	}
	killpoint.Reach("command.unit-ended")
	result, err := state.result(spec)
	if cleanErr := m.clear(context.WithoutCancel(ctx), name, state); cleanErr != nil && err == nil {
		return result, cleanErr
	}
	return result, err
}

// attachOrStart gives the state of the unit that runs, or has run, exactly this spec.
func (u Units) attachOrStart(ctx context.Context, m *manager, name string, spec Spec) (unitState, error) {
	state, err := m.state(ctx, name)
	if err != nil {
		return state, err
	}
	if state.loaded && state.description == describe(spec) && !spec.Fresh {
		return state, nil
	}
	if state.loaded && !state.ended() && !spec.Fresh {
		return state, fault.New(fault.Retry, "command.busy", "wait for the end of `systemctl status "+name+"`",
			"%s runs something else: %s", name, state.description)
	}
	if state.loaded {
		if err := m.clear(ctx, name, state); err != nil {
			return state, err
		}
	}
	file, err := openTranscript(spec.Transcript) // emptied here: the unit appends
	if err != nil {
		return state, err
	}
	if err := file.Close(); err != nil {
		return state, fmt.Errorf("opening the transcript: %w", err)
	}
	killpoint.Reach("command.unit-start")
	if err := m.start(ctx, name, unitProperties(spec)); err != nil {
		return state, err
	}
	killpoint.Reach("command.unit-started")
	return m.state(ctx, name)
}

// describe names the run for people, and tells equal specs from others for us.
func describe(spec Spec) string {
	sum := sha256.New()
	for _, list := range [][]string{spec.Argv, spec.Env} {
		for _, item := range list {
			fmt.Fprintf(sum, "%d:%s", len(item), item)
		}
		sum.Write([]byte{0})
	}
	return fmt.Sprintf("stylet step %s: %s (%s)", spec.Name, strings.Join(spec.Argv, " "), hex.EncodeToString(sum.Sum(nil))[:12])
}

// execStart is systemd's ExecStartEx, a(sasas): unlike ExecStart it can be told to leave the
// dollars in the arguments alone.
type execStart struct {
	Path        string
	Argv, Flags []string
}

func unitProperties(spec Spec) []dbus.Property {
	return append([]dbus.Property{
		dbus.PropDescription(describe(spec)),
		// exec: the start job ends, and fails, with the exec itself.
		dbus.PropType("exec"),
		property("ExecStartEx", []execStart{{Path: spec.Argv[0], Argv: spec.Argv, Flags: []string{"no-env-expand"}}}),
		// A unit that ended well stays loaded like one that failed, until we have collected it.
		dbus.PropRemainAfterExit(true),
		property("Environment", spec.environment()),
		property("StandardOutputFileToAppend", spec.Transcript),
		property("StandardErrorFileToAppend", spec.Transcript),
		property("RuntimeMaxUSec", uint64(spec.limit()/time.Microsecond)),
		property("TimeoutStopUSec", uint64(15*time.Second/time.Microsecond)),
		// The agent's own limits must not be a step's.
		property("OOMScoreAdjust", int32(0)),
	}, spec.Sandbox.properties()...)
}
