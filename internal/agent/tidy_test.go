package agent

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/compose"
	"github.com/stylet-edge/stylet/internal/content"
	"github.com/stylet-edge/stylet/internal/lifecycle"
	"github.com/stylet-edge/stylet/internal/lifecycle/actions"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// layerBytes is the size of a layer of the long life, and imageBytes of its images.
const layerBytes, imageBytes = 300 << 10, 900 << 10

// bytesOf are the bytes of a layer, whose name is their seed.
type bytesOf string

func (b bytesOf) data() []byte { return bytes.Repeat([]byte(b), layerBytes/len(b)) }

func (b bytesOf) Name() string { return string(b) }

func (b bytesOf) Fetch(_ context.Context, from, to int64) (content.Part, error) {
	return content.Part{ReadCloser: io.NopCloser(bytes.NewReader(b.data()[from:to])), From: from, To: to}, nil
}

type allLayers struct{}

func (allLayers) LayerSource(_ context.Context, _ string, l v1alpha1.Layer) (content.Source, error) {
	return bytesOf(l.Name), nil
}

func layeredTarget(version string) lifecycle.Target {
	t := imageTarget(version)
	t.Manifest.Layers = nil
	for _, name := range []string{"os-of-all", "own-of-" + version} {
		data := bytesOf(name).data()
		digest := v1alpha1.DigestOf(data)
		t.Profile.Spec.Layers = append(t.Profile.Spec.Layers, v1alpha1.Layer{
			Name: name, Content: &v1alpha1.LayerContent{Digest: digest, Size: int64(len(data))},
		})
		t.Manifest.Layers = append(t.Manifest.Layers, v1alpha1.ImageLayer{Name: name, Content: digest})
	}
	t.Revision = v1alpha1.Revision{Profile: t.Profile.Digest(), Image: t.Manifest.ID(), Config: t.Config().Digest()}
	return t
}

// kept is a world whose host has a real state directory, with a store and composed images.
type kept struct {
	*world
	tidier   actions.Tidier
	rejected map[v1alpha1.Digest]bool // images that compose refuses, having written a part of them
}

func (k kept) actions() lifecycle.Actions {
	set := k.world.actions()
	set[lifecycle.EnsureContent] = actions.EnsureContent{
		Tidier: k.tidier, Registry: func(context.Context) (actions.Registry, error) { return allLayers{}, nil },
	}
	set[lifecycle.RenderConfig] = actions.RenderConfig{State: k.tidier.State}
	inMemory := set[lifecycle.Compose]
	set[lifecycle.Compose] = action{do: func(ctx context.Context, c lifecycle.Call) error {
		image := c.Plan.Target.Revision.Image
		name := "images/" + image.Short() + ".img"
		if k.rejected[image] {
			name += ".partial"
		}
		if err := k.tidier.State.WriteFile(name, make([]byte, imageBytes), 0o600); err != nil {
			return err
		}
		if k.rejected[image] {
			return fault.New(fault.Input, compose.CodeRejected, "", "a rule is broken")
		}
		return inMemory.Do(ctx, c)
	}}
	inBootLoader := set[lifecycle.Commit]
	set[lifecycle.Commit] = action{do: func(ctx context.Context, c lifecycle.Call) error {
		if err := inBootLoader.Do(ctx, c); err != nil {
			return err
		}
		return k.tidier.Tidy(ctx)
	}}
	return set
}

// settle runs the engine, with the tidying beside it as the daemon has it, through all restarts
// until the host has been quiet for ten minutes.
func (k kept) settle(t *testing.T, want lifecycle.Target) v1alpha1.HostStatus {
	t.Helper()
	for range 20 {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		k.cut = cancel
		engine := lifecycle.New(lifecycle.Config{
			State: k.tidier.State, Observer: k.world, Actions: k.actions(), Gates: k.gates, Beat: func() {}, Log: zap.NewNop(),
		})
		go engine.Poll(ctx, fixed{&want}, func() time.Duration { return time.Minute })
		go k.tidier.Keep(ctx, func(err error) { t.Error(err) })
		require.NoError(t, engine.Run(ctx))
		cancel()
		synctest.Wait()
		if !k.rebooting {
			return engine.Status()
		}
		k.boot()
	}
	require.Fail(t, "no quiet after 20 restarts")
	return v1alpha1.HostStatus{}
}

// used sums up the files of the state directory, without the journal and the history.
func (k kept) used(t *testing.T) (sum int64) {
	t.Helper()
	for _, dir := range []string{"content", "images", "revisions"} {
		err := filepath.WalkDir(k.tidier.State.Path(dir), func(_ string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			info, err := entry.Info()
			sum += info.Size()
			return err
		})
		require.NoError(t, err)
	}
	return sum
}

// TestBadProfilesDoNotFillTheDisk: a host that is given bad profiles for years, each refused in
// another way, has no more on its disk than after the first, needs no download to go back to what
// it runs, and takes the next good one.
//
// Requirement: A7
func TestBadProfilesDoNotFillTheDisk(t *testing.T) {
	dir := memoryDir(t)
	synctest.Test(t, func(t *testing.T) {
		state, err := durable.Open(dir)
		require.NoError(t, err)
		store, err := content.OpenStore(state)
		require.NoError(t, err)
		w := newWorld()
		k := kept{world: w, rejected: map[v1alpha1.Digest]bool{}, tidier: actions.Tidier{
			State: state, Content: store,
			Running: func() (v1alpha1.ImageRecord, error) { return v1alpha1.ImageRecord{ID: w.booted}, nil },
		}}
		good := layeredTarget("1.0.0")
		w.images[good.Revision.Image] = healthy
		require.True(t, k.settle(t, good).Fine)
		one := k.used(t)

		for n := range 12 {
			bad := layeredTarget(fmt.Sprintf("2.%d.0", n))
			w.images[bad.Revision.Image] = []behaviour{sick, panics, healthy}[n%3]
			k.rejected[bad.Revision.Image] = n%3 == 2
			status := k.settle(t, bad)
			require.NotEmpty(t, refusal(status, bad), status.Summary)
			require.Equal(t, good.Revision.Image, w.booted)
			// What is wanted keeps its layers although it was refused: `stylet retry` needs no download.
			require.LessOrEqual(t, k.used(t), one+layerBytes+4096, "after %d bad profiles", n+1)
			for _, l := range append(good.Manifest.Layers, bad.Manifest.Layers...) {
				require.True(t, store.Has(l.Content), "%s after %d bad profiles", l.Name, n+1)
			}
		}

		last := layeredTarget("3.0.0")
		w.images[last.Revision.Image] = healthy
		require.True(t, k.settle(t, last).Fine)
		require.LessOrEqual(t, k.used(t), one+layerBytes+4096)
	})
}
