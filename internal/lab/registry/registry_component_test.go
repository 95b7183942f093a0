//go:build component

package registry

import (
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRegistryAnswersAndCounts(t *testing.T) {
	r, err := Start(t.Context(), t.TempDir())
	require.NoError(t, err)
	t.Cleanup(r.Stop)
	mark := r.Mark()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+r.Address+"/v2/a/blobs/"+digest, http.NoBody)
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, answer.Body)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Eventually(t, func() bool { return len(r.Since(mark)) == 1 }, startTime, pollTime)
	access := r.Since(mark)[0]
	require.Equal(t, http.StatusNotFound, access.Status)
	require.Equal(t, digest, access.Digest)
	require.Equal(t, "a", access.Repository)
}
