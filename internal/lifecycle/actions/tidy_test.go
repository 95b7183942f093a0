package actions

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/internal/content"
	"github.com/stylet-edge/stylet/internal/lifecycle"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// shelf is a registry in memory: the bytes of the layers by their names.
type shelf map[string][]byte

func (s shelf) LayerSource(_ context.Context, _ string, layer v1alpha1.Layer) (content.Source, error) {
	return memory(s[layer.Name]), nil
}

type memory []byte

func (m memory) Name() string { return "memory" }

func (m memory) Fetch(_ context.Context, from, to int64) (content.Part, error) {
	return content.Part{ReadCloser: io.NopCloser(bytes.NewReader(m[from:to])), From: from, To: to}, nil
}

// site is a state directory with a real store, and a registry for it.
type site struct {
	Tidier
	shelf shelf
}

func newSite(t *testing.T, dir string) *site {
	t.Helper()
	state, err := durable.Open(dir)
	require.NoError(t, err)
	t.Cleanup(func() { _ = state.Close() })
	store, err := content.OpenStore(state)
	require.NoError(t, err)
	none := func() (v1alpha1.ImageRecord, error) { return v1alpha1.ImageRecord{}, nil }
	return &site{Tidier: Tidier{State: state, Content: store, Running: none}, shelf: shelf{}}
}

// target is a target of layers of so many bytes, which the registry holds.
func (s *site) target(version string, bytesEach int, names ...string) lifecycle.Target {
	p := v1alpha1.Profile{Metadata: v1alpha1.Metadata{Name: "store", Version: version}}
	t := lifecycle.Target{Source: "registry.example/store:stable"}
	for _, name := range names {
		data := []byte(strings.Repeat(name+" ", bytesEach/(len(name)+1)))
		s.shelf[name] = data
		l := v1alpha1.Layer{Name: name, Content: &v1alpha1.LayerContent{Digest: v1alpha1.DigestOf(data), Size: int64(len(data))}}
		p.Spec.Layers = append(p.Spec.Layers, l)
		t.Manifest.Layers = append(t.Manifest.Layers, v1alpha1.ImageLayer{Name: name, Content: l.Content.Digest})
	}
	t.Profile = p
	t.Revision = v1alpha1.Revision{Profile: p.Digest(), Image: t.Manifest.ID(), Config: t.Config().Digest()}
	return t
}

func (s *site) ensure() EnsureContent {
	return EnsureContent{Tidier: s.Tidier, Registry: func(context.Context) (Registry, error) { return s.shelf, nil }}
}

// bring does for a target what its plan does before the switch, but for the image's content.
func (s *site) bring(t *testing.T, target lifecycle.Target) {
	t.Helper()
	call := lifecycle.Call{Plan: lifecycle.Plan{Target: target}, Report: func(int64, int64) {}}
	require.NoError(t, s.ensure().Do(t.Context(), call))
	require.NoError(t, RenderConfig{State: s.State}.Do(t.Context(), call))
	require.NoError(t, s.State.WriteFile(imageFile(target), []byte("image"), 0o600))
	require.NoError(t, s.State.WriteFile(imageFile(target)+".json", []byte("{}"), 0o600))
}

func (s *site) has(target lifecycle.Target) bool {
	for _, l := range layers(target) {
		if !s.Content.Has(l.Content.Digest) {
			return false
		}
	}
	return true
}

func (s *site) exists(name string) bool {
	_, err := s.State.Stat(name)
	return err == nil
}

func committedRevision(t lifecycle.Target) lifecycle.CommittedRevision {
	c := lifecycle.CommittedRevision{Revision: t.Revision}
	for _, l := range layers(t) {
		c.Contents = append(c.Contents, l.Content.Digest)
	}
	return c
}

func count(t *testing.T, s *site, dir string) int {
	t.Helper()
	entries, err := s.State.ReadDir(dir)
	require.NoError(t, err)
	return len(entries)
}

// Requirement: A7
func TestTidyKeepsWhatMayRunAgain(t *testing.T) {
	s := newSite(t, t.TempDir())
	v1, v2 := s.target("1.0.0", 1000, "os", "one"), s.target("2.0.0", 1000, "os", "two")
	refused, wanted := s.target("3.0.0", 1000, "os", "three"), s.target("4.0.0", 1000, "os", "four")
	lost := s.target("0.9.0", 1000, "zero") // runs, but the journal does not know it
	for _, target := range []lifecycle.Target{v1, v2, refused, wanted, lost} {
		s.bring(t, target)
	}
	s.Running = func() (v1alpha1.ImageRecord, error) { return v1alpha1.ImageRecord{Manifest: lost.Manifest}, nil }
	plan := &lifecycle.Plan{Target: wanted, Class: lifecycle.ClassImage, Steps: []lifecycle.Step{{Action: lifecycle.Compose}, {Action: lifecycle.Switch}, {Action: lifecycle.Restart}}}
	j := lifecycle.Journal{
		Committed: []lifecycle.CommittedRevision{committedRevision(v1), committedRevision(v2)},
		Target:    &wanted, Plan: plan, Step: 1,
	}

	require.NoError(t, s.Tidy(t.Context()), "without a journal")
	require.True(t, s.has(refused), "without a journal nothing is known to be forgotten")

	require.NoError(t, lifecycle.SaveJournal(s.State, j))
	require.NoError(t, s.Tidy(t.Context()))
	for name, target := range map[string]lifecycle.Target{"v1": v1, "v2": v2, "wanted": wanted} {
		require.True(t, s.has(target), name)
		require.True(t, s.exists(RenderedFile(target.Revision)), name)
		require.Equal(t, name == "wanted", s.exists(imageFile(target)), name)
	}
	require.True(t, s.has(lost))
	require.False(t, s.has(refused))
	require.False(t, s.exists(RenderedFile(refused.Revision)))
	require.False(t, s.exists(imageFile(refused)))

	j.Step = 2 // switched to
	require.NoError(t, lifecycle.SaveJournal(s.State, j))
	require.NoError(t, s.Tidy(t.Context()))
	require.False(t, s.exists(imageFile(wanted)), "the slot has its own copy")

	require.NoError(t, s.State.WriteFile(lifecycle.JournalFile, []byte("{"), 0o600))
	require.Error(t, s.Tidy(t.Context()))
	require.True(t, s.has(v1))
}

// Room for what is wanted is worth more than sparing a download if the site returns to what neither slot holds.
func TestMakeRoomKeepsTheSlots(t *testing.T) {
	s := newSite(t, t.TempDir())
	old, v1, v2 := s.target("0.1.0", 1000, "zero"), s.target("1.0.0", 1000, "one"), s.target("2.0.0", 1000, "two")
	renamed := v2
	renamed.Revision.Config = v1alpha1.DigestOf(nil)
	j := lifecycle.Journal{}
	for _, target := range []lifecycle.Target{old, v1, v2, renamed} {
		s.bring(t, target)
		j.Committed = append(j.Committed, committedRevision(target))
	}
	require.NoError(t, lifecycle.SaveJournal(s.State, j))
	require.NoError(t, s.Tidy(t.Context()))
	require.True(t, s.has(old))
	require.NoError(t, s.MakeRoom(t.Context()))
	require.False(t, s.has(old))
	require.True(t, s.has(v1) && s.has(v2))
}

// A tidying that began before a plan was in the journal must not take what the plan brings in.
func TestTidyWaitsForWhoBringsIn(t *testing.T) {
	s := newSite(t, t.TempDir())
	require.NoError(t, lifecycle.SaveJournal(s.State, lifecycle.Journal{}))
	target := s.target("1.0.0", 1000, "os")
	s.bring(t, target)
	unlock, err := s.State.Lock(t.Context(), tidyLock) // as ensure-content and render-config hold it
	require.NoError(t, err)
	require.NoError(t, s.Tidy(t.Context()))
	require.True(t, s.has(target))
	ended, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	call := lifecycle.Call{Plan: lifecycle.Plan{Target: target}}
	_, err = s.ensure().Done(ended, call)
	require.ErrorIs(t, err, context.DeadlineExceeded, "what it says of the store could be untrue the next moment")
	require.ErrorIs(t, RenderConfig{State: s.State}.Do(ended, call), context.DeadlineExceeded)
	require.NoError(t, unlock())
	require.NoError(t, s.Tidy(t.Context()))
	require.False(t, s.has(target))
}

func TestTidyBoundsTheTranscripts(t *testing.T) {
	s := newSite(t, t.TempDir())
	plan := lifecycle.Plan{ID: "abc", Steps: []lifecycle.Step{{Action: lifecycle.Compose}}}
	now := time.Now()
	write := func(name string, at time.Time) {
		require.NoError(t, s.State.WriteFile("transcripts/"+name, nil, 0o600))
		path := filepath.Join(s.State.Path("transcripts"), name)
		require.NoError(t, os.Chtimes(path, at, at))
	}
	const attempts = 300
	for n := range attempts {
		write(stepName(plan, 0, n)+transcriptSuffix, now.Add(time.Duration(n)*time.Minute))
	}
	running := stepName(plan, 0, attempts) + transcriptSuffix
	write(running, time.Unix(0, 0)) // by a clock that was set back
	journal := lifecycle.Journal{Plan: &plan, Intent: &lifecycle.Intent{Attempt: attempts}}
	require.NoError(t, lifecycle.SaveJournal(s.State, journal))
	require.NoError(t, s.Tidy(t.Context()))
	require.Equal(t, keepTranscripts+1, count(t, s, "transcripts"))
	require.True(t, s.exists("transcripts/"+running))
	for n := attempts - keepTranscripts; n < attempts; n++ {
		require.True(t, s.exists(fmt.Sprintf("transcripts/compose-abc-0-%d.log", n)))
	}
}
