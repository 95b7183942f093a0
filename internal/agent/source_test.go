package agent

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/internal/base/fault"
)

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
	state, err := durable.Open(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, state.Close()) })
	source, err := newAssignment(dir, self, state)
	require.NoError(t, err)

	reference, target, err := source.Next(t.Context())
	require.Equal(t, nobody+"/site/store:1", reference)
	require.Nil(t, target)
	require.Equal(t, fault.Retry, fault.KindOf(err))
	require.NotEmpty(t, fault.RemedyOf(err))
}
