package kill

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/stylet-edge/stylet/internal/lifecycle"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Deadline takes a good version, whose deadline must go with its commit, and then one whose agent
// never starts: the timer alone must bring the host back, and the next agent tell why.
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
	if err := l.publish(ctx, agentless); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, roadTime, errors.New("it does not come back"))
	defer cancel()
	s, err := l.untilRefused(ctx)
	if err != nil {
		return fmt.Errorf("going back from %s: %w", l.title(), err)
	}
	l.tell("%s: %s", s.Summary, s.Why)
	refused := s.Refused[0]
	if s.Running.Profile != good || s.Running.Slot != v1alpha1.SlotPassive || refused.Code != lifecycle.CodeDeadline || refused.Tries != 1 {
		return fmt.Errorf("after a trial without an agent the host runs %+v and refused %+v", s.Running, refused)
	}
	return nil
}

// deadlineIsOver checks that nothing is left of the deadline of a version that was committed in
// this boot.
func (l *lab) deadlineIsOver(ctx context.Context) error {
	// is-active prints the state, and fails for all but active.
	out, err := l.machine.Exec(ctx, "sh", "-c", "systemctl is-active stylet-trial.timer; ls /run/stylet")
	if err != nil {
		return err
	}
	state, files, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	for _, name := range strings.Fields(files) {
		if name == "trial" || state != "inactive" {
			return fmt.Errorf("after the commit the deadline's timer is %s, and there is: %s", state, files)
		}
	}
	return nil
}

// untilRefused waits until the machine tells of a version that it refuses and has left.
func (l *lab) untilRefused(ctx context.Context) (v1alpha1.HostStatus, error) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		if err := l.machine.Err(); err != nil {
			return v1alpha1.HostStatus{}, err
		}
		// A host that is not fine says so by the exit status, too.
		out, err := l.machine.Exec(ctx, "sh", "-c", "stylet status -o json || true")
		var s v1alpha1.HostStatus
		if err == nil && json.Unmarshal(out, &s) == nil && len(s.Refused) > 0 && s.Trial == nil && s.Work == nil {
			return s, nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return v1alpha1.HostStatus{}, context.Cause(ctx)
		}
	}
}
