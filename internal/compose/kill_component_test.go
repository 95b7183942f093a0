//go:build component

package compose

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const childDir = "COMPOSE_CHILD_DIR"

// TestMain makes this binary the child that the tests below kill.
func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		os.Exit(childMain(dir))
	}
	os.Exit(m.Run())
}

// childMain composes what its parent described in dir.
func childMain(dir string) int {
	data, err := os.ReadFile(filepath.Join(dir, "layers.json"))
	var layers []LayerFile
	if err == nil {
		err = json.Unmarshal(data, &layers)
	}
	if err == nil {
		_, err = Compose(context.Background(), recipeFor(dir, layers), nil)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// killed is the fixture of the tests below: layers, and a child that composes them and can be
// made to die at a kill point.
type killed struct {
	dir    string
	child  string
	recipe Recipe
	want   Image
}

func newKilled(t *testing.T) *killed {
	t.Helper()
	k := &killed{dir: t.TempDir(), child: filepath.Join(t.TempDir(), "child")}
	build := exec.Command("go", "test", "-c", "-tags", "nogit,nounpack,component,killpoints", "-o", k.child, ".")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	layers := twoLayers(t)
	data, err := json.Marshal(layers)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(k.dir, "layers.json"), data, 0o600))
	k.recipe = recipeFor(k.dir, layers)
	k.want, err = Compose(t.Context(), k.recipe, nil)
	require.NoError(t, err)
	require.NoError(t, Discard(k.want.Path))
	return k
}

func (k *killed) command(env ...string) *exec.Cmd {
	cmd := exec.Command(k.child)
	cmd.Env = append(append(os.Environ(), childDir+"="+k.dir), env...)
	cmd.Stderr = os.Stderr
	return cmd
}

// converges composes once more, and expects the same image and nothing beside it.
func (k *killed) converges(t *testing.T, after string) {
	t.Helper()
	got, err := Compose(t.Context(), k.recipe, nil)
	require.NoError(t, err, "after %s", after)
	require.Equal(t, k.want, got, "after %s", after)
	verified, err := Verify(t.Context(), got.Path)
	require.NoError(t, err, "after %s", after)
	require.Equal(t, k.want, verified)
	noLeaks(t, k.dir)
	require.Equal(t, []string{"compose.lock", "test.img", "test.img.json"}, names(t, filepath.Dir(got.Path)), "after %s", after)
	require.NoError(t, Discard(got.Path))
}

func wasKilled(err error) bool {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

func TestKilledAtEveryPointItConverges(t *testing.T) {
	k := newKilled(t)
	log := filepath.Join(t.TempDir(), "points")
	require.NoError(t, k.command("STYLET_KILL_LOG="+log).Run())
	require.NoError(t, Discard(k.want.Path))
	data, err := os.ReadFile(log)
	require.NoError(t, err)
	arrivals := map[string]int{}
	for line := range strings.Lines(string(data)) {
		_, point, _ := strings.Cut(strings.TrimSpace(line), " ") // after the process
		arrivals[point]++
		at := fmt.Sprintf("%s:%d", point, arrivals[point])
		err := k.command("STYLET_KILL_AT=" + at).Run()
		require.True(t, wasKilled(err), "%s: %v", at, err)
		k.converges(t, at)
	}
	for _, point := range []string{"compose.formatted", "compose.mounted", "compose.layer", "compose.filled", "compose.unmounted", "compose.synced", "compose.renamed", "command.start", "command.ended", "durable.rename", "durable.write"} {
		require.Positive(t, arrivals[point], "the road leads past %s", point)
	}
}

func TestKilledAtRandomMomentsItConverges(t *testing.T) {
	k := newKilled(t)
	began := time.Now()
	require.NoError(t, k.command().Run())
	whole := time.Since(began)
	require.NoError(t, Discard(k.want.Path))
	const seed = 2026
	random := rand.New(rand.NewPCG(seed, seed))
	hits := 0
	for i := range 20 {
		cmd := k.command()
		require.NoError(t, cmd.Start())
		after := time.Duration(random.Int64N(int64(whole)))
		timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
		if wasKilled(cmd.Wait()) {
			hits++
		}
		timer.Stop()
		k.converges(t, fmt.Sprintf("kill %d of seed %d, after %s of %s", i, seed, after, whole))
	}
	require.GreaterOrEqual(t, hits, 10, "most kills must have hit")
}
