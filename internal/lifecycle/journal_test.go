package lifecycle

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// The agent's layer is no part of the manifest's layers, and still a blob that the host needs to
// compose the image once more.
func TestCommitRemembersEveryBlob(t *testing.T) {
	v1 := target("1.0.0")
	agent := v1alpha1.DigestOf([]byte("agent"))
	v1.Profile.Spec.Agent = &v1alpha1.Layer{Name: "agent", Content: &v1alpha1.LayerContent{Digest: agent}}
	var j Journal
	j.commit(v1, time.Now())
	require.Equal(t, []v1alpha1.Digest{v1.Manifest.Layers[0].Content, agent}, j.Committed[0].Contents)
}

// Ten changes of configuration on one image must not make the host forget what its other slot holds.
//
// Requirement: A7
func TestCommitRemembersBothSlots(t *testing.T) {
	var j Journal
	for _, version := range []string{"0.1.0", "0.2.0", "0.3.0", "1.0.0", "2.0.0"} {
		j.commit(target(version), time.Now())
	}
	require.Len(t, j.Committed, keepCommitted)
	last := target("2.0.0")
	for n := range 10 {
		last.Revision.Config = v1alpha1.DigestOf([]byte{byte(n)})
		j.commit(last, time.Now())
		require.Len(t, j.Committed, keepCommitted)
		c, ok := j.committedWith(target("1.0.0").Revision.Image)
		require.True(t, ok, "after %d changes of configuration", n+1)
		require.Equal(t, target("1.0.0").Revision, c.Revision)
		c, _ = j.committedWith(last.Revision.Image)
		require.Equal(t, last.Revision, c.Revision)
	}
}
