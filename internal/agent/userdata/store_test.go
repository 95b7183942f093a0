package userdata

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/lifecycle/actions"
	"github.com/stylet-edge/stylet/internal/site"
)

const (
	header  = "#cloud-config\n"
	profile = "stylet: {assignment: {profile: 'r.example/a:1'}, site: {hostName: "
	one     = header + profile + "one}}\n"
	two     = header + profile + "two}}\n"
	oneToo  = header + "stylet: {assignment: {profile: 'r.example/b:1'}, site: {hostName: one}}\n"
)

type bench struct {
	Store
	t *testing.T
}

func newBench(t *testing.T, managed string) bench {
	t.Helper()
	state, err := durable.Open(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, state.Close()) })
	b := bench{Store{OEMDir: t.TempDir(), State: state}, t}
	if managed != "" {
		b.put(managed)
	}
	return b
}

func (b bench) path() string { return filepath.Join(b.OEMDir, ManagedFile) }

func (b bench) put(text string) {
	require.NoError(b.t, os.WriteFile(b.path(), []byte(text), 0o600))
}

func (b bench) on() string {
	data, err := os.ReadFile(b.path())
	require.NoError(b.t, err)
	return string(data)
}

func (b bench) read() Wanted {
	w, err := b.Read(b.t.Context())
	require.NoError(b.t, err)
	return w
}

func (b bench) keep(text string) Wanted {
	w, err := b.With(b.t.Context(), []byte(text))
	require.NoError(b.t, err)
	require.NoError(b.t, b.Keep(w))
	return w
}

// Requirement: U3
func TestWhatApplyingCosts(t *testing.T) {
	for name, c := range map[string]struct {
		have, text  string
		hasRevision bool
		want        Effect
	}{
		"the same":                  {one, one, true, EffectNone},
		"the agent's settings":      {one, oneToo, true, EffectNow},
		"the host's":                {one, two, true, EffectTrial},
		"no revision to go back to": {one, two, false, EffectNextBoot},
		"no assignment any more":    {one, header + "stylet: {site: {hostName: two}}\n", true, EffectTrial},
		"a host without user-data":  {"", two, true, EffectTrial},
		"what is there is spoilt":   {header + "stylet: {bogus: 1}\n", two, true, EffectNextBoot},
	} {
		t.Run(name, func(t *testing.T) {
			effect, _, err := newBench(t, c.have).Weigh(t.Context(), []byte(c.text), c.hasRevision)
			require.NoError(t, err)
			require.Equal(t, c.want, effect)
		})
	}
	_, _, err := newBench(t, one).Weigh(t.Context(), []byte(header+"stylet: {bogus: 1}\n"), true)
	require.ErrorContains(t, err, "bogus")
}

// The way of applied user-data: wanted, taken back by its revision's refusal, told, and no more wanted.
//
// Requirement: U3
func TestAppliedUserDataIsWantedUntilItIsTakenBack(t *testing.T) {
	b := newBench(t, one)
	before := b.read()
	require.Nil(t, before.Applied)
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	require.NoError(t, b.Bring(t.Context(), []byte(two), EffectTrial, false, at))
	require.Equal(t, one, b.on(), "nothing is in force before its boot")
	wanted := b.read()
	require.Equal(t, "two", wanted.Site.Site.HostName)
	require.NotEqual(t, wanted.Settings, before.Settings)
	require.NoError(t, b.Undone())

	require.NoError(t, b.Undo(t.Context(), *wanted.Applied, "the registry is lost"))
	require.Equal(t, "one", b.read().Site.Site.HostName)
	require.ErrorContains(t, b.Undone(), "applied at 2026-11-23 12:00:00 was taken back: the registry is lost")

	effect, _, err := b.Weigh(t.Context(), []byte(one), true)
	require.NoError(t, err)
	require.Equal(t, EffectNow, effect, "the words of before say that it is given up")
	require.NoError(t, b.Bring(t.Context(), []byte(oneToo), EffectNow, false, at))
	require.Equal(t, oneToo, b.on())
	require.NoError(t, b.Undone(), "a person has answered")
	require.Nil(t, b.read().Applied)
}

// Requirement: U3
func TestAppliedUserDataSettles(t *testing.T) {
	b := newBench(t, one)
	require.NoError(t, b.Apply(t.Context(), []byte(two), false, time.Now()))
	wanted := b.read()
	require.NoError(t, b.Keep(wanted))
	settle(t, b, wanted)
	require.NotNil(t, b.read().Applied, "it is not on COS_OEM yet")
	require.NoError(t, b.Restore(wanted.Settings)) // the boot of its trial
	require.Equal(t, two, b.on())
	settle(t, b, wanted)
	require.Nil(t, b.read().Applied)
	require.Equal(t, "two", b.read().Site.Site.HostName)
}

// A boot brings the user-data of the revision that it boots, and never loses what a person wrote.
//
// Requirement: A7, U3
func TestABootBringsTheRevisionsUserData(t *testing.T) {
	b := newBench(t, one)
	first, second := b.keep(one), b.keep(two)
	require.NoError(t, b.Restore(second.Settings))
	require.Equal(t, two, b.on())
	require.NoError(t, b.Restore(first.Settings))
	require.Equal(t, one, b.on())
	info, err := os.Stat(b.path())
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())

	byHand := header + profile + "by-hand}}\n"
	b.put(byHand)
	require.NoError(t, b.Restore(first.Settings))
	require.Equal(t, byHand, b.on(), "what stylet did not write stays")

	b.keep(byHand) // it was tried, and failed
	require.NoError(t, b.Restore(first.Settings))
	require.Equal(t, one, b.on())
	replaced, err := os.ReadFile(filepath.Join(b.OEMDir, ReplacedFile))
	require.NoError(t, err)
	require.Equal(t, byHand, string(replaced), "taken back, and not lost")

	b.put(two)
	require.NoError(t, b.Restore(""), "a revision without a word on the host, of which nothing was kept")
	require.Equal(t, two, b.on())
	require.NoError(t, b.State.RemoveAll(actions.UserDataFile(first.Settings)))
	require.NoError(t, b.Restore(first.Settings))
	require.Equal(t, two, b.on(), "nothing is known of that revision")
}

// Requirement: U3
func TestADamagedMarkIsTold(t *testing.T) {
	b := newBench(t, one)
	require.NoError(t, b.State.WriteFile(appliedMark, []byte(`{"at`), 0o600))
	_, err := b.Read(t.Context())
	require.ErrorContains(t, err, "reading what was applied")
	require.Error(t, b.Undone())
	require.NoError(t, b.PutInForce(t.Context(), []byte(two)), "and applying anew mends it")
	require.Equal(t, "two", b.read().Site.Site.HostName)
}

// A host without a word on itself gets one, and loses it again.
//
// Requirement: U3
func TestTheFirstWordIsTakenBackToo(t *testing.T) {
	for name, before := range map[string]string{"no file": "", "an agent's settings alone": header + "stylet: {logLevel: debug}\n"} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, before)
			require.NoError(t, b.Apply(t.Context(), []byte(two), false, time.Now()))
			require.NoError(t, b.Keep(b.read()))
			require.NoError(t, b.Restore(b.read().Settings))
			require.Equal(t, two, b.on())
			require.NoError(t, b.Restore(""))
			require.NotContains(t, b.on(), "two")
			require.Contains(t, b.on(), strings.TrimPrefix(before, header))
		})
	}
}

// A volume says what it adds or changes, once.
//
// Requirement: U3
func TestAVolumeIsAppliedOnce(t *testing.T) {
	b := newBench(t, one)
	volume := site.Source{Name: site.SourceCIData, Files: []site.SourceFile{{Name: "user-data", Data: []byte(header + "stylet: {site: {hostName: two}}\nstages: {boot: [{commands: [echo two]}]}\n")}}}
	text, err := b.FromVolume(t.Context(), volume, nil)
	require.NoError(t, err)
	require.Contains(t, string(text), "r.example/a:1", "what the host has")
	effect, wanted, err := b.Weigh(t.Context(), text, true)
	require.NoError(t, err)
	require.Equal(t, EffectTrial, effect)
	require.Equal(t, "two", wanted.Site.Site.HostName)
	require.NoError(t, b.VolumeApplied(t.Context(), volume, text))
	b.put(string(text))

	again, err := b.FromVolume(t.Context(), volume, nil)
	require.NoError(t, err)
	require.Nil(t, again, "it stays plugged in")
	volume.Files[0].Data = []byte(header + "stylet: {site: {hostName: three}}\nstages: {boot: [{commands: [echo three]}]}\n")
	text, err = b.FromVolume(t.Context(), volume, nil)
	require.NoError(t, err)
	require.Contains(t, string(text), "three")
	require.Equal(t, 1, strings.Count(string(text), "echo"), "what the volume before it said is gone")
	volume.Files[0].Data = []byte(header + "stylet: {bogus: 1}\n")
	_, err = b.FromVolume(t.Context(), volume, nil)
	require.ErrorContains(t, err, "bogus")
}

func settle(t *testing.T, b bench, w Wanted) {
	t.Helper()
	_, err := b.Settle(t.Context(), w)
	require.NoError(t, err)
}

// What is applied while the agent judges something else stays applied.
//
// Requirement: U3
func TestOnlyWhatWasJudgedIsUndoneOrSettled(t *testing.T) {
	three := header + profile + "three}}\n"
	b := newBench(t, one)
	require.NoError(t, b.Apply(t.Context(), []byte(two), false, time.Now()))
	seen := b.read()
	require.NoError(t, b.Keep(seen))
	require.NoError(t, b.Restore(seen.Settings))
	require.NoError(t, b.Apply(t.Context(), []byte(three), false, time.Now()))
	require.NoError(t, b.Undo(t.Context(), *seen.Applied, "two failed"))
	require.Equal(t, "three", b.read().Site.Site.HostName)
	settle(t, b, seen)
	require.Equal(t, "three", b.read().Site.Site.HostName)
}

// Settings of the agent that are applied while the host's are on trial do not outlive the trial.
//
// Requirement: A7, U3
func TestSettingsOfATrialGoBackThoughTheAgentsWereChangedInIt(t *testing.T) {
	b := newBench(t, one)
	first := b.keep(one)
	require.NoError(t, b.Bring(t.Context(), []byte(two), EffectTrial, false, time.Now()))
	candidate := b.read()
	require.NoError(t, b.Keep(candidate))
	require.NoError(t, b.Restore(candidate.Settings))
	twoDebug := header + "stylet: {logLevel: debug, assignment: {profile: 'r.example/a:1'}, site: {hostName: two}}\n"
	effect, _, err := b.Weigh(t.Context(), []byte(twoDebug), true)
	require.NoError(t, err)
	require.Equal(t, EffectNow, effect)
	require.NoError(t, b.Bring(t.Context(), []byte(twoDebug), effect, false, time.Now()))
	require.NoError(t, b.Restore(first.Settings))
	require.Equal(t, one, b.on())
}

// A boot has its revision's user-data, whatever lies on COS_OEM.
//
// Requirement: A7, U3
func TestABootHasItsRevisionsUserData(t *testing.T) {
	b := newBench(t, one)
	first := b.keep(one)
	b.put(header + profile + "by-hand}}\n")
	of, err := b.Of(t.Context(), first.Settings)
	require.NoError(t, err)
	require.Equal(t, "one", of.Site.Site.HostName)
	b.put(header + "stylet: {bogus: 1}\n")
	of, err = b.Of(t.Context(), first.Settings)
	require.NoError(t, err)
	require.Equal(t, "one", of.Site.Site.HostName)
	require.NoError(t, os.WriteFile(filepath.Join(b.OEMDir, "mine.yaml"), []byte(header+"stylet: {bogus: 1}\n"), 0o600))
	of, err = b.Of(t.Context(), first.Settings)
	require.ErrorContains(t, err, "bogus")
	require.Equal(t, "one", of.Site.Site.HostName)
	require.NoError(t, b.State.RemoveAll(actions.UserDataFile(first.Settings)))
	_, err = b.Of(t.Context(), first.Settings)
	require.ErrorContains(t, err, "reading the revision's user-data")
	require.NoError(t, os.Remove(filepath.Join(b.OEMDir, "mine.yaml")))
	b.put(one)
	of, err = b.Of(t.Context(), "")
	require.NoError(t, err)
	require.Equal(t, "one", of.Site.Site.HostName, "of a time before")
}

// Requirement: U3
func TestStagesBeforeTheHookAreNotTried(t *testing.T) {
	with := func(stage, what string) string {
		return two + "stages: {" + stage + ": [{name: x, commands: [" + what + "]}]}\n"
	}
	for _, stage := range []string{"rootfs", "rootfs.after", "initramfs.before"} {
		_, _, err := newBench(t, one).Weigh(t.Context(), []byte(with(stage, "a")), true)
		require.Equal(t, "apply.early-stage", fault.CodeOf(err), stage)
		_, _, err = newBench(t, with(stage, "a")).Weigh(t.Context(), []byte(strings.ReplaceAll(with(stage, "a"), "two", "three")), true)
		require.NoError(t, err, "they do not change")
	}
	_, _, err := newBench(t, one).Weigh(t.Context(), []byte(with("initramfs", "a")), true)
	require.NoError(t, err)
}

// Requirement: U3
func TestAnyKeyOfKairosIsRead(t *testing.T) {
	for _, other := range []string{"stages: {boot: [{name: x, environment: {1: a}}]}", "k3s: {enabled: true, 8080: x}", "k3s: {a: .inf, b: .nan}"} {
		require.NotEmpty(t, newBench(t, one+other+"\n").read().Settings)
	}
}
