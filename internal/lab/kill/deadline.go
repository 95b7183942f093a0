package kill

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/stylet-edge/stylet/internal/lab/process"
	"github.com/stylet-edge/stylet/internal/lifecycle"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Deadline takes a good version, whose deadline must go with its commit, and then two that cannot
// prove themselves. Of the one, the agent never starts: the timer alone must bring the host back, and
// the next agent tell why. Of the other no stylet works at all: its tries must be used up.
func Deadline(ctx context.Context, c Config) (err error) {
	l, err := newLab(ctx, c, "deadline")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	l.machine.Start(ctx)
	if _, err := l.road(ctx, nil, 0); err != nil {
		return err
	}
	if err := l.deadlineIsOver(ctx); err != nil {
		return err
	}
	good := l.title()
	if err := l.goesBack(ctx, good, agentless, lifecycle.CodeDeadline); err != nil {
		return err
	}
	broken, err := l.brokenAgent(ctx)
	if err != nil {
		return err
	}
	return l.goesBack(ctx, good, broken, lifecycle.CodeBootFailed)
}

// goesBack publishes a version that cannot prove itself, and waits until the host is back at the good
// one and refuses it with the code, after one try.
func (l *lab) goesBack(ctx context.Context, good string, bad variant, code string) error {
	if err := l.publish(ctx, bad); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, roadTime, errors.New("it does not come back"))
	defer cancel()
	s, refused, err := l.untilRefused(ctx, l.title())
	if err != nil {
		return fmt.Errorf("going back from %s: %w", l.title(), err)
	}
	l.tell("%s: %s", s.Summary, s.Why)
	if s.Running.Profile != good || s.Running.Slot != v1alpha1.SlotPassive || refused.Code != code || refused.Tries != 1 {
		return fmt.Errorf("after a trial that proved nothing the host runs %+v and refused %+v", s.Running, refused)
	}
	return nil
}

// brokenAgentScript makes an agent's layer that has all that compose asks for, and whose stylet, a
// program like any other, ends at once in failure. $1 is stylet, $2 an empty directory, $3 the archive.
const brokenAgentScript = `set -eu
"$1" setup --root "$2"
cp /bin/false "$2/usr/bin/stylet"
sed -i 's/^OnBootSec=.*/OnBootSec=20s/' "$2/usr/lib/systemd/system/stylet-trial.timer"
tar -C "$2" --numeric-owner --owner=0 --group=0 -czf "$3" usr
`

func (l *lab) brokenAgent(ctx context.Context) (variant, error) {
	v := variant{deadline: "15m", timeout: "30s", tries: 1, agent: filepath.Join(l.dir, "agent.tar.gz")}
	tree, err := os.MkdirTemp(l.dir, "agent")
	if err != nil {
		return v, fmt.Errorf("making a broken agent: %w", err)
	}
	_, err = process.Output(ctx, "sh", "-c", brokenAgentScript, "sh", l.system.Stylet, tree, v.agent)
	return v, err
}

// deadlineIsOver checks that nothing is left of the deadline of a version that was committed in
// this boot.
func (l *lab) deadlineIsOver(ctx context.Context) error {
	// is-active prints the state, and fails for all but active.
	out, err := l.machine.Exec(ctx, "sh", "-c", "systemctl is-active stylet-trial.timer || true")
	if err != nil {
		return err
	}
	if state := strings.TrimSpace(string(out)); state != "inactive" {
		return fmt.Errorf("after the commit the deadline's timer is %s", state)
	}
	return nil
}

// untilRefused waits until the machine refuses the version and has left it.
func (l *lab) untilRefused(ctx context.Context, title string) (v1alpha1.HostStatus, v1alpha1.RefusedRevision, error) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		if err := l.machine.Err(); err != nil {
			return v1alpha1.HostStatus{}, v1alpha1.RefusedRevision{}, err
		}
		// A host that is not fine says so by the exit status, too.
		out, err := l.machine.Exec(ctx, "sh", "-c", "stylet status -o json || true")
		var s v1alpha1.HostStatus
		if err == nil && json.Unmarshal(out, &s) == nil && s.Trial == nil && s.Work == nil {
			of := func(r v1alpha1.RefusedRevision) bool { return r.Profile == title }
			if i := slices.IndexFunc(s.Refused, of); i >= 0 {
				return s, s.Refused[i], nil
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return v1alpha1.HostStatus{}, v1alpha1.RefusedRevision{}, context.Cause(ctx)
		}
	}
}
