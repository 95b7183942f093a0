package agent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/lifecycle"
	"github.com/stylet-edge/stylet/internal/lifecycle/actions"
)

const (
	// reachedFile is written when the registry has answered a host that is not on trial.
	reachedFile = "reached"
	// reachedFor is how long that counts: a registry that was away for a moment when user-data was applied is
	// missed all the same. It is written anew at most each tenth of that.
	reachedFor = time.Hour
	// networkPatience is how long a host that changed its network may go without its registry: a switch
	// that learns the port takes up to 50 s (IEEE 802.1D, two forward delays and more), DHCP some 30 s.
	networkPatience = 2 * time.Minute
)

// noteReached remembers that the registry was reached before a trial. What is seen during one says nothing
// of before.
func noteReached(state *durable.Root, err error, now time.Time) error {
	if !answered(err) || reachedWithin(state, now, reachedFor/10) {
		return nil
	}
	var j lifecycle.Journal
	if err := state.ReadJSON(lifecycle.JournalFile, &j); err != nil || j.Trial != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	return state.WriteFile(reachedFile, nil, 0o600)
}

// reachedWithin takes a time in the future for a recent one: the clock was set.
func reachedWithin(state *durable.Root, now time.Time, limit time.Duration) bool {
	info, err := state.Stat(reachedFile)
	return err == nil && now.Sub(info.ModTime()) < limit
}

// answered tells the registry's own word, also an unwelcome one, from no word at all and from that of
// something on the way to it.
func answered(err error) bool {
	return err == nil || slices.Contains([]string{"registry.denied", "registry.not-found", "registry.busy"}, fault.CodeOf(err))
}

// mustReach tells whether a trial fails if the registry is lost: only if it changes what the user-data says
// of the host, and the registry was there before. What a site's network does by itself refuses nothing
// (docs/decisions.md, decision 14).
func mustReach(state *durable.Root, t lifecycle.Target, now time.Time) bool {
	if !reachedWithin(state, now, reachedFor) {
		return false
	}
	var j lifecycle.Journal
	if err := state.ReadJSON(lifecycle.JournalFile, &j); err != nil || j.Trial == nil {
		return false
	}
	var before actions.Rendered
	if err := state.ReadJSON(actions.RenderedFile(j.Trial.From), &before); err != nil {
		return false // the installer's image: there is nothing to go back to that had a network of its own
	}
	return before.Config.UserData != t.UserData
}

// networkGate passes when the registry answers.
type networkGate struct{ source *assignment }

func (g networkGate) Check(ctx context.Context) lifecycle.Finding {
	wanted, err := g.source.read(ctx)
	if err != nil {
		return lifecycle.Finding{Message: err.Error()}
	}
	if wanted.Site.Assignment.Profile == "" {
		return lifecycle.Finding{OK: true, Message: "nothing is assigned"}
	}
	var known assigned
	_ = g.source.store.State.ReadJSON(assignedFile, &known) // without it the profile is read once more
	if _, err := g.source.client(wanted.Site).Refresh(ctx, wanted.Site.Assignment.Profile, known.Resolved); !answered(err) {
		return lifecycle.Finding{Message: fmt.Sprintf("the registry, which answered before, does not: %v", err)}
	}
	return lifecycle.Finding{OK: true, Message: "the registry answers"}
}
