package agent

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/stylet-edge/stylet/internal/agent/settings"
	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/internal/base/fault"
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
