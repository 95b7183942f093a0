package agent

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/hostconfig"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// A binding holds while its card is there, whatever the kernel calls it; another card is told.
//
// Requirement: A3
func TestInterfacesAreBoundToTheirCards(t *testing.T) {
	state := tempState(t)
	place := v1alpha1.Place{Network: v1alpha1.Network{Interfaces: map[string]v1alpha1.Interface{"eth0": {}, "eth1": {}}}}
	for _, c := range []struct {
		what     string
		present  map[string]string
		cards    map[string]string
		replaced []string
	}{
		{"first seen", map[string]string{"eth0": "a", "lo": "x"}, map[string]string{"eth0": "a"}, nil},
		{"the second comes", map[string]string{"eth0": "a", "eth1": "b"}, map[string]string{"eth0": "a", "eth1": "b"}, nil},
		{"names change", map[string]string{"eth0": "b", "eth1": "a"}, map[string]string{"eth0": "a", "eth1": "b"}, nil},
		{"one is away", map[string]string{"eth1": "b"}, map[string]string{"eth0": "a", "eth1": "b"}, nil},
		{"one is replaced", map[string]string{"eth0": "c", "eth1": "b"}, map[string]string{"eth0": "c", "eth1": "b"}, []string{"eth0"}},
	} {
		replaced, err := rememberCards(state, place, c.present)
		require.NoError(t, err)
		require.Equal(t, c.replaced, replaced, c.what)
		require.Equal(t, c.cards, readCards(state), c.what)
	}
	none, err := rememberCards(state, v1alpha1.Place{}, map[string]string{"eth0": "z"})
	require.NoError(t, err)
	require.Empty(t, none)

	dir := t.TempDir()
	require.NoError(t, machine{runtimeDir: dir}.cardProblem())
	require.NoError(t, os.WriteFile(filepath.Join(dir, cardProblemFile), []byte("another card\n"), 0o600))
	require.EqualError(t, machine{runtimeDir: dir}.cardProblem(), "another card")
}

// Requirement: A3
func TestPresentCardsAreThoseWithAnAddressOfTheirOwn(t *testing.T) {
	root := t.TempDir()
	for name, card := range map[string][2]string{"eth0": {"52:54:00:12:34:56", "0"}, "bond0": {"52:54:00:12:34:57", "3"}, "lo": {"00:00:00:00:00:00", "0"}} {
		dir := filepath.Join(root, "sys/class/net", name)
		require.NoError(t, os.MkdirAll(dir, 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "address"), []byte(card[0]+"\n"), 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "addr_assign_type"), []byte(card[1]+"\n"), 0o600))
	}
	require.Equal(t, map[string]string{"eth0": "52:54:00:12:34:56"}, hostconfig.PresentCards(root))
	require.Empty(t, hostconfig.PresentCards(t.TempDir()))
}
