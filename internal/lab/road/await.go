package road

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stylet-edge/stylet/internal/lab/qemu"
	"github.com/stylet-edge/stylet/internal/lab/reader"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// lookEvery is the time between two looks at a host's status. Each costs the guest more than a second of its
// processors when they are emulated.
const lookEvery = 10 * time.Second

// boot switches the machine on; what names the boot.
func (r *Road) boot(ctx context.Context, what string) error { return r.host.PowerOn(ctx, what, false) }

// status asks the host how it is.
func (r *Road) status(ctx context.Context) (v1alpha1.HostStatus, error) {
	guest, err := r.host.Guest(ctx)
	if err != nil {
		return v1alpha1.HostStatus{}, err
	}
	return reader.ReadStatus(ctx, guest)
}

// await looks at the status until it is what it should be. reached says what is still missing, or
// nothing.
func (r *Road) await(ctx context.Context, limit time.Duration, reached func(v1alpha1.HostStatus) string) (v1alpha1.HostStatus, error) {
	missing := "it has not answered"
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		status, err := r.status(ctx)
		switch {
		case err == nil:
			r.tell(status)
			if missing = reached(status); missing == "" {
				return status, nil
			}
		case errors.Is(err, qemu.ErrConsoleClosed):
			return status, fmt.Errorf("waiting for the host's status (%s): %w", missing, err)
		default:
			missing = err.Error()
			r.report.Say("stylet does not answer yet")
		}
		select {
		case <-time.After(lookEvery):
		case <-ctx.Done():
			return status, fmt.Errorf("waiting for the host's status: %w; last: %s", context.Cause(ctx), missing)
		}
	}
}

// tell says what a status says.
func (r *Road) tell(s v1alpha1.HostStatus) {
	text := s.Summary
	if w := s.Work; w != nil {
		text += "; " + w.Action
		if w.Total > 0 {
			text += fmt.Sprintf(" %d%%", 100*w.Done/w.Total)
		}
		if w.Problem != "" {
			text += " (" + w.Problem + ")"
		}
	}
	r.report.Say("%s", text)
}

// watch tells what the host does until it goes off by itself, and fails unless it ends as wanted.
func (r *Road) watch(ctx context.Context, want qemu.Ending) error {
	for r.host.On() {
		status, err := r.status(ctx)
		if err == nil {
			r.tell(status)
		}
		select {
		case <-time.After(lookEvery):
		case <-r.host.Boot().Ended():
		case <-ctx.Done():
			return fmt.Errorf("waiting for the host's %s: %w", want, context.Cause(ctx))
		}
	}
	return r.ends(ctx, want)
}

// ends waits until the host goes off by itself, and fails unless it ends as wanted.
func (r *Road) ends(ctx context.Context, want qemu.Ending) error {
	ending, err := r.host.AwaitEnd(ctx)
	if err != nil {
		return err
	}
	r.facts.heard(r.host.Said())
	if ending != want {
		return fmt.Errorf("the machine ended with a %s, expected a %s", ending, want)
	}
	return nil
}

// checkpoint lets the independent readers look, and fails when they and stylet's status disagree.
func (r *Road) checkpoint(ctx context.Context, name string) error {
	r.report.Say("checkpoint %s: status, console and slots must agree", name)
	c, err := r.look(ctx)
	if err != nil {
		return fmt.Errorf("checkpoint %s: %w", name, err)
	}
	if err := r.save("checkpoints/"+name+".json", c); err != nil {
		return err
	}
	var errs []error
	for _, d := range c.Compare() {
		errs = append(errs, errors.New(d.String()))
	}
	if len(errs) > 0 {
		return fmt.Errorf("checkpoint %s: %w", name, errors.Join(errs...))
	}
	return nil
}

func (r *Road) look(ctx context.Context) (reader.Checkpoint, error) {
	var c reader.Checkpoint
	guest, err := r.host.Guest(ctx)
	if err != nil {
		return c, err
	}
	if c.Running, err = reader.ReadRunning(ctx, guest, r.host.Said()); err != nil {
		return c, err
	}
	r.facts.heard(r.host.Said())
	c.Verdicts = r.facts.Verdicts
	if c.Status, err = reader.ReadStatus(ctx, guest); err != nil {
		return c, err
	}
	frozen, err := r.host.Freeze(ctx)
	if err != nil {
		return c, err
	}
	c.Disk, err = reader.ReadDisk(ctx, frozen, r.dir)
	return c, err
}

// heard keeps the verdicts that a boot's console has said.
func (f *Facts) heard(said string) {
	for id, verdict := range reader.ParseVerdicts(said) {
		if f.Verdicts == nil {
			f.Verdicts = map[string]reader.Verdict{}
		}
		f.Verdicts[id] = verdict
	}
}
