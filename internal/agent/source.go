package agent

import (
	"context"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"sync"
	"time"

	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/internal/base/version"
	"github.com/stylet-edge/stylet/internal/compose"
	"github.com/stylet-edge/stylet/internal/content"
	"github.com/stylet-edge/stylet/internal/lifecycle"
	"github.com/stylet-edge/stylet/internal/lifecycle/actions"
	"github.com/stylet-edge/stylet/internal/site"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// assignment is the source of a host whose site names a profile in the user-data.
type assignment struct {
	userDataDir string
	userAgent   string
	// self is the running stylet, the agent of images whose profile names none.
	self      v1alpha1.Digest
	selfBytes int64
	// state keeps the profile that was read last, so that a poll, a restart or a reboot does not
	// download it again.
	state *durable.Root

	mu   sync.Mutex
	site v1alpha1.Site
	// talking is kept while the site's registries stay as they are: a new client would log in anew
	// and open new connections at each poll.
	talking *content.Client
	reached content.Options // what talking was made with
}

var _ lifecycle.Source = (*assignment)(nil)

// assignedFile is the name, in the state directory, of the profile that was read last.
const assignedFile = "assigned.json"

func newAssignment(userDataDir, program string, state *durable.Root) (*assignment, error) {
	data, err := os.ReadFile(program)
	if err != nil {
		return nil, fmt.Errorf("reading the running binary: %w", err)
	}
	return &assignment{
		userDataDir: userDataDir, userAgent: "stylet/" + version.Version, state: state,
		self: v1alpha1.DigestOf(data), selfBytes: int64(len(data)),
	}, nil
}

// Next reads the user-data anew and asks the registry what the assigned reference names now.
func (a *assignment) Next(ctx context.Context) (string, *lifecycle.Target, error) {
	s, err := a.read()
	reference := s.Assignment.Profile
	if err != nil || reference == "" {
		return "", nil, err
	}
	resolved, err := a.resolve(ctx, s)
	if err != nil {
		return reference, nil, err
	}
	return reference, a.target(reference, resolved.Profile), nil
}

func (a *assignment) resolve(ctx context.Context, s v1alpha1.Site) (content.Resolved, error) {
	var known content.Resolved
	if err := a.state.ReadJSON(assignedFile, &known); err != nil {
		known = content.Resolved{} // missing or damaged: it is fetched anew
	}
	resolved, err := a.client(s).Refresh(ctx, s.Assignment.Profile, known)
	if err != nil || resolved.Digest == known.Digest {
		return resolved, err
	}
	return resolved, a.state.WriteJSON(assignedFile, resolved)
}

func (a *assignment) read() (v1alpha1.Site, error) {
	read, err := site.LoadDir(a.userDataDir)
	s := read.Site
	if err != nil {
		return s, fmt.Errorf("reading the user-data: %w", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.site = s
	return s, nil
}

// interval is the poll interval of the user-data read last.
func (a *assignment) interval() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.site.Assignment.PollInterval.Or(v1alpha1.DefaultPollInterval)
}

// registry gives a client with the site's settings of now.
func (a *assignment) registry() (actions.Registry, error) {
	s, err := a.read()
	if err != nil {
		return nil, err
	}
	return a.client(s), nil
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
func (a *assignment) target(source string, p v1alpha1.Profile) *lifecycle.Target {
	t := &lifecycle.Target{Source: source, Profile: p}
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
