package agent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"runtime"
	"sync"
	"time"

	"github.com/stylet-edge/stylet/internal/agent/settings"
	"github.com/stylet-edge/stylet/internal/agent/userdata"
	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/internal/base/version"
	"github.com/stylet-edge/stylet/internal/compose"
	"github.com/stylet-edge/stylet/internal/content"
	"github.com/stylet-edge/stylet/internal/lifecycle"
	"github.com/stylet-edge/stylet/internal/lifecycle/actions"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// assignment is the source of a host whose site names a profile in the user-data.
type assignment struct {
	store userdata.Store
	info  *hostInfo
	clock clockKeeper
	// retry lets the engine forget a refusal (lifecycle.Engine.Retry).
	retry     func(ctx context.Context, prefix string) ([]v1alpha1.RefusedRevision, error)
	userAgent string
	// self is the running stylet, the agent of images whose profile names none.
	self      v1alpha1.Digest
	selfBytes int64

	mu   sync.Mutex
	site v1alpha1.Site
	// talking is kept while the site's registries stay as they are: a new client would log in anew
	// and open new connections at each poll.
	talking *content.Client
	reached content.Options // what talking was made with
}

var _ lifecycle.Source = (*assignment)(nil)

// assignedFile is the name, in the state directory, of the profile that was read last, so that a poll, a
// restart or a reboot does not download it again.
const assignedFile = "assigned.json"

// assigned is that file.
type assigned struct {
	content.Resolved
	// Asked is the reference in the words of the user-data.
	Asked string `json:"asked"`
}

func newAssignment(s settings.Settings, program string, state *durable.Root) (*assignment, error) {
	data, err := os.ReadFile(program)
	if err != nil {
		return nil, fmt.Errorf("reading the running binary: %w", err)
	}
	return &assignment{
		store: userdata.Store{OEMDir: s.UserDataDir, State: state}, userAgent: "stylet/" + version.Version,
		info: newHostInfo(s.UserDataDir, s.RuntimeDir),
		self: v1alpha1.DigestOf(data), selfBytes: int64(len(data)),
	}, nil
}

// Next reads the user-data anew and asks the registry what the assigned reference names now. While
// user-data that was applied waits for its trial, nobody is asked: see candidate.
func (a *assignment) Next(ctx context.Context) (string, *lifecycle.Target, error) {
	wanted, err := a.read(ctx)
	if err != nil {
		return "", nil, err
	}
	a.info.ask(wanted.Site.Site)
	if err := a.learnCards(wanted.Site.Site); err != nil {
		return wanted.Site.Assignment.Profile, nil, err
	}
	var j lifecycle.Journal
	if err := a.store.State.ReadJSON(lifecycle.JournalFile, &j); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return wanted.Site.Assignment.Profile, nil, fmt.Errorf("reading what runs here: %w", err)
	}
	base, unknown := a.committed(j)
	if wanted.Applied.Pending() {
		if unknown != nil {
			return wanted.Site.Assignment.Profile, nil, fmt.Errorf("trying the user-data that was applied: %w", unknown)
		}
		target, err := a.candidate(ctx, wanted, base, j)
		if err != nil || target != nil {
			return wanted.Site.Assignment.Profile, target, err
		}
		if wanted, err = a.read(ctx); err != nil {
			return "", nil, err
		}
	}
	return a.assigned(ctx, wanted)
}

// assigned gives what the registry says.
func (a *assignment) assigned(ctx context.Context, wanted userdata.Wanted) (string, *lifecycle.Target, error) {
	reference := wanted.Site.Assignment.Profile
	if reference == "" {
		return "", nil, nil
	}
	// Before anything that may fail: a boot must know the text for one that stylet has seen.
	if err := a.store.Keep(wanted); err != nil {
		return reference, nil, err
	}
	profile, err := a.resolve(ctx, wanted)
	if err != nil {
		return reference, nil, err
	}
	return reference, a.target(wanted, profile), nil
}

// candidate gives the revision that applied user-data is tried as: what is committed, with nothing but the
// user-data changed. It needs no registry, which may be what is to be mended, and no newer profile decides
// about it. No target means that it is judged: it was settled, or undone.
func (a *assignment) candidate(ctx context.Context, w userdata.Wanted, base lifecycle.Target, j lifecycle.Journal) (*lifecycle.Target, error) {
	t := base
	t.UserData = w.Settings
	t.Revision.Config = t.Config().Digest()
	id := t.Revision.ID()
	if refused, ok := j.RefusedFor(id); ok {
		if w.Applied.Volume || refused.At.After(w.Applied.At) || a.retry == nil {
			return nil, a.store.Undo(ctx, *w.Applied, refused.Cause)
		}
		// A person asks for it once more.
		if _, err := a.retry(ctx, id.Hex()); err != nil {
			return nil, err
		}
	}
	if j.Trial == nil && base.Revision.ID() == id {
		if settled, err := a.store.Settle(ctx, w); settled || err != nil {
			return nil, err
		}
	}
	return &t, a.store.Keep(w)
}

// committedFile holds the target that was committed last: all that a change of the user-data alone needs.
const committedFile = "committed.json"

// committed gives what was committed last, and keeps it: the journal remembers what is wanted.
func (a *assignment) committed(j lifecycle.Journal) (lifecycle.Target, error) {
	var kept lifecycle.Target
	if err := a.store.State.ReadJSON(committedFile, &kept); err != nil {
		kept = lifecycle.Target{} // none yet, or damaged
	}
	n := len(j.Committed)
	switch {
	case n == 0:
		return kept, errors.New("nothing is committed here")
	case j.Committed[n-1].Revision == kept.Revision:
		return kept, nil
	case j.Target != nil && j.Target.Revision == j.Committed[n-1].Revision:
		return *j.Target, a.store.State.WriteJSON(committedFile, j.Target)
	}
	return kept, errors.New("what is committed here is not known any more; it is once the host has taken its next profile")
}

// resolve asks the registry.
func (a *assignment) resolve(ctx context.Context, w userdata.Wanted) (v1alpha1.Profile, error) {
	var known assigned
	if err := a.store.State.ReadJSON(assignedFile, &known); err != nil {
		known = assigned{} // missing or damaged: it is fetched anew
	}
	asked := w.Site.Assignment.Profile
	client := a.client(w.Site)
	resolved, err := client.Refresh(ctx, asked, known.Resolved)
	if mended, clockErr := a.clock.mend(ctx, err, client, asked); mended {
		resolved, err = client.Refresh(ctx, asked, known.Resolved)
	} else if clockErr != nil {
		err = errors.Join(err, clockErr)
	}
	if noted := noteReached(a.store.State, err, time.Now()); noted != nil {
		return v1alpha1.Profile{}, errors.Join(err, noted)
	}
	switch {
	case err != nil:
		return v1alpha1.Profile{}, err
	case resolved.Digest == known.Digest && known.Asked == asked:
		return resolved.Profile, nil
	}
	return resolved.Profile, a.store.State.WriteJSON(assignedFile, assigned{resolved, asked})
}

func (a *assignment) read(ctx context.Context) (userdata.Wanted, error) {
	wanted, err := a.store.Read(ctx)
	if err != nil {
		return wanted, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.site = wanted.Site
	return wanted, nil
}

// interval is the poll interval of the user-data read last.
func (a *assignment) interval() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.site.Assignment.PollInterval.Or(v1alpha1.DefaultPollInterval)
}

// registry gives a client with the site's settings of now.
func (a *assignment) registry(ctx context.Context) (actions.Registry, error) {
	wanted, err := a.read(ctx)
	if err != nil {
		return nil, err
	}
	return a.client(wanted.Site), nil
}

func (a *assignment) client(s v1alpha1.Site) *content.Client {
	a.mu.Lock()
	defer a.mu.Unlock()
	options := content.Options{Registries: s.Registries, Mapping: s.ExternalRegistries.MappingRules, UserAgent: a.userAgent}
	if a.talking == nil || !reflect.DeepEqual(a.reached, options) {
		a.talking, a.reached = content.NewClient(options), options
	}
	return a.talking
}

// target works out the revision that a profile means on this host.
func (a *assignment) target(w userdata.Wanted, p v1alpha1.Profile) *lifecycle.Target {
	t := &lifecycle.Target{Source: w.Site.Assignment.Profile, Profile: p, UserData: w.Settings}
	t.Manifest = v1alpha1.ImageManifest{
		SchemaVersion: 1, ComposeVersion: v1alpha1.ComposeVersion, Architecture: runtime.GOARCH, Agent: a.self,
	}
	agentBytes := a.selfBytes
	var contents []v1alpha1.LayerContent
	for _, l := range p.Spec.Layers {
		t.Manifest.Layers = append(t.Manifest.Layers, v1alpha1.ImageLayer{Kind: l.Kind, Name: l.Name, Content: l.Content.Digest})
		contents = append(contents, *l.Content)
	}
	if agent := p.Spec.Agent; agent != nil {
		t.Manifest.Agent, agentBytes = agent.Content.Digest, 0
		contents = append(contents, *agent.Content)
	}
	t.ImageSize = compose.SizeFor(contents, agentBytes)
	t.Revision = v1alpha1.Revision{Profile: p.Digest(), Image: t.Manifest.ID(), Config: t.Config().Digest()}
	return t
}
