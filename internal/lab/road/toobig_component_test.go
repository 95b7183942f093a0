//go:build component

package road

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/lab/phase"
	"github.com/stylet-edge/stylet/internal/lab/registry"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// atV5 is a road at the profile v5, in a real registry, with tiny layers. There is no host.
func atV5(t *testing.T) *Road {
	t.Helper()
	repo, dir := t.TempDir(), t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-tags", "nogit,nounpack", "-buildvcs=false",
		"-o", filepath.Join(repo, "dist", "stylet"), "../../../cmd/stylet")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	served, err := registry.Start(t.Context(), t.TempDir())
	require.NoError(t, err)
	t.Cleanup(served.Stop)
	report := phase.NewReporter(io.Discard)
	t.Cleanup(report.Close)

	for _, name := range []string{"os", "runtime", "v5"} {
		require.NoError(t, writeInput(filepath.Join(dir, name, "usr/lib", name), []byte(name)))
		require.NoError(t, pack(filepath.Join(dir, name), filepath.Join(dir, name+".tar.zst")))
	}
	profile, err := os.ReadFile("../../../testdata/e2e/v5.yaml")
	require.NoError(t, err)
	require.NoError(t, writeInput(filepath.Join(dir, "v5.yaml"), profile))
	r := &Road{in: Inputs{Repo: repo, Dir: dir}, dir: dir, report: report, registry: served}
	require.NoError(t, r.push(t.Context(), "v5"))
	return r
}

// get asks the registry, as a host would that begins to download.
func get(t *testing.T, r *Road, path string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+r.registry.Address+"/v2/"+path, http.NoBody)
	require.NoError(t, err)
	request.Header.Set("Accept", "application/vnd.oci.image.manifest.v1+json")
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	require.NoError(t, err)
	return answer.StatusCode
}

// TestAHostThatAskedForTheHugeLayerWouldBeSeen: the check that nothing is downloaded can fail, as the
// layer is really there.
func TestAHostThatAskedForTheHugeLayerWouldBeSeen(t *testing.T) {
	r := atV5(t)
	before, err := r.shown(t.Context(), r.reference())
	require.NoError(t, err)
	huge, err := r.inflate(t.Context())
	require.NoError(t, err)
	mark := r.registry.Mark()
	require.NoError(t, r.push(t.Context(), "too-big"))

	profile, err := r.shown(t.Context(), r.reference())
	require.NoError(t, err)
	require.Equal(t, "6.0.0", profile.Metadata.Version)
	layers := profile.Spec.Layers
	require.Equal(t, huge, layers[len(layers)-1])
	require.Equal(t, int64(hugeBytes), huge.Content.UnpackedBytes)
	for _, layer := range before.Spec.Layers {
		require.NotEqual(t, layer.Content.Digest, huge.Content.Digest, "a layer that the host has would not be asked for")
	}
	require.NoError(t, r.noLayerRead(mark), "neither the push nor a look at the profile counts")

	repository, manifest, ok := strings.Cut(strings.TrimPrefix(huge.Image, "/"), "@")
	require.True(t, ok, huge.Image)
	for kind, digest := range map[string]v1alpha1.Digest{"manifests": v1alpha1.Digest(manifest), "blobs": huge.Content.Digest} {
		mark := r.registry.Mark()
		require.Equal(t, http.StatusOK, get(t, r, repository+"/"+kind+"/"+string(digest)), kind)
		require.Eventually(t, func() bool { return r.noLayerRead(mark) != nil }, 10*time.Second, 20*time.Millisecond)
		require.ErrorContains(t, r.noLayerRead(mark), string(digest))
	}
}
