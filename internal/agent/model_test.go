package agent

import (
	"context"
	"fmt"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"pgregory.net/rapid"

	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/internal/lifecycle"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// fixed is a source that always says the same.
type fixed struct{ target *lifecycle.Target }

func (f fixed) Next(context.Context) (string, *lifecycle.Target, error) {
	return f.target.Source, f.target, nil
}

// live runs agents on the world, each from the journal that the one before left, until one of
// them has been quiet for ten minutes. Each run may be cut once; power says whether the machine goes
// down with the agent.
func live(tb testing.TB, w *world, state *durable.Root, want lifecycle.Target, cuts []int, power []bool) v1alpha1.HostStatus {
	tb.Helper()
	trace := ""
	for run := range 60 {
		trace += fmt.Sprintf("\nrun %d: %s active %s passive %s missing %t env %+v", run, w.slot, w.active.Short(), w.passive.Short(), w.activeMissing, w.env)
		w.left = -1
		if run < len(cuts) {
			w.left = cuts[run]
		}
		ctx, cancel := context.WithTimeout(tb.Context(), 10*time.Minute)
		w.cut = cancel
		engine := lifecycle.New(lifecycle.Config{
			State: state, Observer: w, Actions: w.actions(), Gates: w.gates, Beat: func() {}, Log: zap.NewNop(),
		})
		go engine.Poll(ctx, fixed{&want}, func() time.Duration { return time.Minute })
		require.NoError(tb, engine.Run(ctx))
		quiet := ctx.Err() == context.DeadlineExceeded
		cancel()
		synctest.Wait()
		switch {
		case w.rebooting:
			w.boot()
		case quiet:
			return engine.Status()
		case run < len(power) && power[run]:
			w.boot()
		}
	}
	events, _ := lifecycle.NewEventLog(state).Read()
	last := ""
	for _, e := range events[max(0, len(events)-25):] {
		last += fmt.Sprintf("\n%s %s", e.Type, e.Message)
	}
	require.Fail(tb, "no quiet after 60 runs", "slot %s, environment %+v, cuts %v %v%s", w.slot, w.env, cuts, power, last+trace[:2500])
	return v1alpha1.HostStatus{}
}

func imageTarget(name string) lifecycle.Target {
	p := v1alpha1.Profile{Metadata: v1alpha1.Metadata{Name: "store", Version: name}}
	t := lifecycle.Target{Source: "registry.example/store:stable", Profile: p, ImageSize: 1 << 20}
	t.Manifest.Layers = []v1alpha1.ImageLayer{{Kind: v1alpha1.LayerOS, Name: name, Content: v1alpha1.DigestOf([]byte(name))}}
	t.Revision = v1alpha1.Revision{Profile: p.Digest(), Image: t.Manifest.ID(), Config: t.Config().Digest()}
	return t
}

// TestLoopConverges drives the real engine and journal through upgrades to images that are good,
// sick, panicking or impossible to switch to, with cuts of the agent and of the power at random effects: a good image is
// always reached and never refused for fewer than its tries; a bad one is always left again, and
// refused with the right cause.
//
// Requirement: A7
func TestLoopConverges(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		kinds := rapid.SliceOfN(rapid.SampledFrom([]behaviour{healthy, healthy, sick, panics, stuck}), 1, 5).Draw(r, "images")
		type cut struct {
			at    int
			power bool
		}
		plans := make([][]cut, len(kinds))
		for i := range kinds {
			n := rapid.IntRange(0, 4).Draw(r, "cuts")
			for range n {
				plans[i] = append(plans[i], cut{rapid.IntRange(0, 14).Draw(r, "at"), rapid.Bool().Draw(r, "power")})
			}
		}
		dir := memoryDir(t)
		synctest.Test(t, func(t *testing.T) {
			state, err := durable.Open(dir)
			require.NoError(t, err)
			w := newWorld()
			good := v1alpha1.Digest("") // the image that last passed
			for i, kind := range kinds {
				want := imageTarget(fmt.Sprintf("1.%d.0", i))
				w.images[want.Revision.Image] = kind
				var cuts []int
				var power []bool
				powerCuts := 0
				for _, c := range plans[i] {
					cuts, power = append(cuts, c.at), append(power, c.power)
					if c.power {
						powerCuts++
					}
				}
				status := live(t, w, state, want, cuts, power)
				describe := fmt.Sprintf("image %d of %v, cuts %v: %s", i, kinds, plans[i], status.Summary)
				if kind == stuck { // it is tried until another one is wanted
					require.Equal(t, good, w.booted, describe)
					require.NotEmpty(t, status.Work.Problem, describe)
					continue
				}
				require.Nil(t, status.Trial, describe)
				require.Nil(t, status.Work, describe)
				require.Empty(t, w.env.Trial, describe)
				refusedFor := refusal(status, want)
				switch {
				case kind == healthy && refusedFor == "":
					good = want.Revision.Image
					require.True(t, status.Fine, describe)
					require.True(t, status.Running.Committed, describe)
					require.Equal(t, v1alpha1.SlotActive, w.slot, describe)
				case kind == healthy:
					require.Equal(t, lifecycle.CodeBootFailed, refusedFor, describe)
					require.GreaterOrEqual(t, powerCuts, 3, "refused for fewer cuts than it has tries: "+describe)
				case kind == sick:
					require.Contains(t, []string{lifecycle.CodeGateFailed, lifecycle.CodeBootFailed}, refusedFor, describe)
				case kind == panics:
					require.Equal(t, lifecycle.CodeBootFailed, refusedFor, describe)
				}
				require.Equal(t, good, w.booted, describe)
				w.boot() // a plain power cycle changes nothing
				require.Equal(t, good, w.booted, "after a power cycle: "+describe)
			}
		})
	})
}

func refusal(s v1alpha1.HostStatus, t lifecycle.Target) string {
	for _, r := range s.Refused {
		if r.Revision == t.Revision.ID() {
			return r.Code
		}
	}
	return ""
}

// memoryDir is a directory in memory where there is one: the model is about the order of effects,
// and syncing each journal to a disk takes most of its time.
func memoryDir(tb testing.TB) string {
	tb.Helper()
	const memory = "/dev/shm"
	if _, err := os.Stat(memory); err != nil {
		return tb.TempDir()
	}
	dir, err := os.MkdirTemp(memory, "stylet-model-") //nolint:usetesting // TempDir is on a disk
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// Another revision that is wanted while a download runs ends it, however the download words its end.
//
// Requirement: A7
func TestAnotherRevisionEndsADownload(t *testing.T) {
	dir := memoryDir(t)
	synctest.Test(t, func(t *testing.T) {
		w, engine, ctx := oneRun(t, dir)
		first, second := w.wants("1.0.0"), w.wants("2.0.0")
		w.download = func(ctx context.Context, c lifecycle.Call) error {
			if c.Plan.Target.Revision != first.Revision {
				return nil
			}
			<-ctx.Done()
			return ctx.Err()
		}
		go engine.Poll(ctx, later{first, second, time.Now().Add(time.Hour)}, func() time.Duration { return time.Minute })
		require.NoError(t, engine.Run(ctx))
		require.True(t, w.rebooting)
		require.Equal(t, second.Revision.Image, w.active)
	})
}

// Requirement: A7
func TestAFixedProfileFreesAHostWhoseSwitchFails(t *testing.T) {
	for name, attempt := range map[string]time.Duration{"comes between attempts": 0, "comes during an attempt": 40 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			dir := memoryDir(t)
			synctest.Test(t, func(t *testing.T) {
				w, engine, ctx := oneRun(t, dir)
				first, second := w.wants("1.0.0"), w.wants("2.0.0")
				w.images[first.Revision.Image], w.stuckFor = stuck, attempt
				go engine.Poll(ctx, later{first, second, time.Now().Add(time.Hour)}, func() time.Duration { return time.Minute })
				require.NoError(t, engine.Run(ctx))
				require.True(t, w.rebooting)
				require.Equal(t, second.Revision.Image, w.active)
				require.Equal(t, v1alpha1.Digest(""), w.passive, "the image that runs is the way back")
				require.Equal(t, second.Revision.ID().Short(), w.env.Trial)
			})
		})
	}
}

// Requirement: A7, A8
func TestAComposedImageThatIsLostIsComposedAgain(t *testing.T) {
	dir := memoryDir(t)
	synctest.Test(t, func(t *testing.T) {
		w, engine, ctx := oneRun(t, dir)
		want := w.wants("1.0.0")
		w.armed = func() { delete(w.composed, want.Revision.Image); w.armed = nil }
		go engine.Poll(ctx, fixed{&want}, func() time.Duration { return time.Minute })
		require.NoError(t, engine.Run(ctx))
		require.True(t, w.rebooting)
		require.Equal(t, want.Revision.Image, w.active)
	})
}

// A power cut right after kairos-agent's renames takes the place of the restart: the trial that runs
// then is proved, and not restarted for another try.
//
// Requirement: A7
func TestACutAfterTheRenamesCostsOneTry(t *testing.T) {
	dir := memoryDir(t)
	synctest.Test(t, func(t *testing.T) {
		w, engine, ctx := oneRun(t, dir)
		want := w.wants("1.0.0")
		w.swapped = w.cut
		go engine.Poll(ctx, fixed{&want}, func() time.Duration { return time.Minute })
		require.NoError(t, engine.Run(ctx))
		w.swapped = nil
		w.boot()
		state, err := durable.Open(dir)
		require.NoError(t, err)
		status := live(t, w, state, want, nil, nil)
		require.True(t, status.Running.Committed)
		require.Equal(t, 2, w.boots)
	})
}

// oneRun is an agent on a new world, for a day or until it reboots.
func oneRun(t *testing.T, dir string) (*world, *lifecycle.Engine, context.Context) {
	t.Helper()
	state, err := durable.Open(dir)
	require.NoError(t, err)
	w := newWorld()
	ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
	t.Cleanup(cancel)
	w.cut = cancel
	return w, lifecycle.New(lifecycle.Config{
		State: state, Observer: w, Actions: w.actions(), Gates: w.gates, Beat: func() {}, Log: zap.NewNop(),
	}), ctx
}

// later is a source that says something else from a time on.
type later struct {
	first, then lifecycle.Target
	from        time.Time
}

func (l later) Next(context.Context) (string, *lifecycle.Target, error) {
	if t := &l.first; time.Now().Before(l.from) {
		return t.Source, t, nil
	}
	return l.then.Source, &l.then, nil
}
