package agent

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/stylet-edge/stylet/internal/agent/settings"
	"github.com/stylet-edge/stylet/internal/agent/userdata"
	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/lifecycle"
	"github.com/stylet-edge/stylet/internal/lifecycle/actions"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

func tempState(t *testing.T) *durable.Root {
	t.Helper()
	state, err := durable.Open(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, state.Close()) })
	return state
}

// Requirement: A7
func TestASilentRegistryLeavesTheReferenceKnown(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	nobody := listener.Addr().String()
	require.NoError(t, listener.Close())

	dir := t.TempDir()
	data := "#cloud-config\nstylet:\n  assignment:\n    profile: " + nobody + "/site/store:1\n  registries:\n    - host: " + nobody + "\n      plainHTTP: true\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "90_custom.yaml"), []byte(data), 0o600))
	self, err := os.Executable()
	require.NoError(t, err)
	source, err := newAssignment(settings.Settings{UserDataDir: dir}, self, tempState(t))
	require.NoError(t, err)

	reference, target, err := source.Next(t.Context())
	require.Equal(t, nobody+"/site/store:1", reference)
	require.Nil(t, target)
	require.Equal(t, fault.Retry, fault.KindOf(err))
	require.NotEmpty(t, fault.RemedyOf(err))
}

// Requirement: U3
func TestUserDataSetsTheLogLevelOverTheFile(t *testing.T) {
	dir := t.TempDir()
	config, userData := filepath.Join(dir, "agent.yaml"), filepath.Join(dir, "90_custom.yaml")
	require.NoError(t, os.WriteFile(config, []byte("logLevel: error\nuserDataDir: "+dir+"\n"), 0o600))
	require.NoError(t, os.WriteFile(userData, []byte("#cloud-config\nstylet:\n  logLevel: debug\n"), 0o600))
	self, err := os.Executable()
	require.NoError(t, err)
	for forced, want := range map[string]string{"": "debug", "warn": "warn"} {
		env := map[string]string{"STYLET_CONFIG": config, "STYLET_LOG_LEVEL": forced}
		s, err := settings.Load(func(name string) string { return env[name] })
		require.NoError(t, err)
		d := Daemon{Settings: s, Level: zap.NewAtomicLevel(), Log: zap.NewNop(), Program: self}
		_, err = d.source(t.Context(), tempState(t))
		require.NoError(t, err)
		require.Equal(t, want, d.Level.String())
	}
}

// A host that lost its registry gets new user-data all the same, beside what is committed; goes back to the
// old when the revision with it is refused; tries it once more when a person says so; and keeps it when it is
// committed.
//
// Requirement: A3, U3
func TestAppliedUserDataIsTriedJudgedAndSettled(t *testing.T) {
	dir, state := t.TempDir(), tempState(t)
	const reference = "127.0.0.1:1/site/store:1" // nobody is there
	userData := func(name, tag string) []byte {
		return []byte("#cloud-config\nstylet: {assignment: {profile: '" + reference + tag + "'}, registries: [{host: '127.0.0.1:1', plainHTTP: true}], site: {hostName: " + name + "}}\n")
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, userdata.ManagedFile), userData("one", ""), 0o600))
	self, err := os.Executable()
	require.NoError(t, err)
	source, err := newAssignment(settings.Settings{UserDataDir: dir, RuntimeDir: t.TempDir()}, self, state)
	require.NoError(t, err)
	running := imageTarget("1.0.0")
	newer := imageTarget("2.0.0")
	journal := lifecycle.Journal{Target: &running, Committed: []lifecycle.CommittedRevision{{Revision: running.Revision}}}
	write := func(change func(*lifecycle.Journal)) {
		change(&journal)
		require.NoError(t, state.WriteJSON(lifecycle.JournalFile, journal))
	}
	var forgotten []string
	source.retry = func(_ context.Context, id string) ([]v1alpha1.RefusedRevision, error) {
		forgotten = append(forgotten, id)
		write(func(j *lifecycle.Journal) { j.Refused = nil })
		return nil, nil
	}
	next := func() *lifecycle.Target {
		t.Helper()
		_, target, err := source.Next(t.Context())
		require.NoError(t, err)
		return target
	}

	write(func(*lifecycle.Journal) {})
	_, _, err = source.Next(t.Context())
	require.Error(t, err, "the registry does not answer, and nothing hurries")
	write(func(j *lifecycle.Journal) { j.Target = &newer }) // which is being downloaded

	require.NoError(t, source.store.Apply(t.Context(), userData("two", "0"), false, time.Now()))
	tried := next()
	require.NotEmpty(t, tried.UserData)
	require.Equal(t, running.Revision.Image, tried.Revision.Image, "no newer profile decides about it")
	require.Equal(t, tried.Revision.Config, tried.Config().Digest())

	refuse := func() {
		write(func(j *lifecycle.Journal) {
			j.Refused = []v1alpha1.RefusedRevision{{Revision: tried.Revision.ID(), Cause: "gate network: lost", At: time.Now()}}
		})
	}
	refuse()
	_, back, err := source.Next(t.Context())
	require.Error(t, err, "the registry is asked again")
	require.Nil(t, back)
	require.ErrorContains(t, source.store.Undone(), "gate network: lost")

	require.NoError(t, source.store.Apply(t.Context(), userData("two", "0"), true, time.Now()))
	_, _, err = source.Next(t.Context())
	require.Error(t, err)
	require.ErrorContains(t, source.store.Undone(), "gate network: lost", "a volume is no person")
	require.Empty(t, forgotten)

	require.NoError(t, source.store.Apply(t.Context(), userData("two", "0"), false, time.Now()))
	require.Equal(t, tried.Revision, next().Revision)
	require.Equal(t, []string{tried.Revision.ID().Hex()}, forgotten)

	require.NoError(t, source.store.Restore(tried.UserData)) // its boot
	write(func(j *lifecycle.Journal) {
		j.Target = tried
		j.Committed = append(j.Committed, lifecycle.CommittedRevision{Revision: tried.Revision})
	})
	_, _, err = source.Next(t.Context())
	require.Error(t, err, "the registry is asked again")
	now, err := source.store.Read(t.Context())
	require.NoError(t, err)
	require.Nil(t, now.Applied)
	require.Equal(t, "two", now.Site.Site.HostName)
}

// Losing the registry fails a trial only if the user-data changed, and the registry was there before.
//
// Requirement: A3
func TestWhenATrialMustReachTheRegistry(t *testing.T) {
	from, same := imageTarget("1.0.0"), imageTarget("2.0.0")
	changed := imageTarget("1.0.0")
	changed.UserData = v1alpha1.DigestOf([]byte("other"))
	for name, c := range map[string]struct {
		reached bool
		target  lifecycle.Target
		want    bool
	}{
		"another image":                     {true, same, false},
		"other user-data":                   {true, changed, true},
		"the registry was not there before": {false, changed, false},
		"the installer's image ran before":  {true, changed, false},
	} {
		t.Run(name, func(t *testing.T) {
			state := tempState(t)
			if name != "the installer's image ran before" {
				require.NoError(t, state.WriteJSON(actions.RenderedFile(from.Revision), actions.Rendered{Revision: from.Revision, Config: from.Config()}))
			}
			now := time.Now()
			silent := fault.New(fault.Retry, "registry.unreachable", "", "no")
			require.NoError(t, noteReached(state, nil, now), "no journal yet")
			require.NoError(t, state.WriteJSON(lifecycle.JournalFile, lifecycle.Journal{}))
			require.NoError(t, noteReached(state, silent, now))
			if c.reached {
				require.NoError(t, noteReached(state, nil, now))
				require.NoError(t, noteReached(state, silent, now), "it is away for a moment")
			}
			require.NoError(t, state.WriteJSON(lifecycle.JournalFile, lifecycle.Journal{
				Trial: &lifecycle.Trial{Target: c.target, From: from.Revision},
			}))
			if !c.reached {
				require.NoError(t, noteReached(state, nil, now), "a trial says nothing of before")
			}
			require.Equal(t, c.want, mustReach(state, c.target, now))
			require.False(t, mustReach(state, c.target, now.Add(2*reachedFor)), "that was long ago")
		})
	}
}
