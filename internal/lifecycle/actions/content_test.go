package actions

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/content"
	"github.com/stylet-edge/stylet/internal/lifecycle"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// failing is a registry that cannot be asked.
type failing struct{ err error }

func (f failing) LayerSource(context.Context, string, v1alpha1.Layer) (content.Source, error) {
	return nil, f.err
}

// The engine refuses a revision for good on errors of kind Input and Refused: what a site's network
// causes must be of another kind, with the same code and remedy.
//
// Requirement: A7
func TestTheNetworkIsNoReasonToRefuseARevision(t *testing.T) {
	state, err := durable.Open(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, state.Close()) })
	store, err := content.OpenStore(state)
	require.NoError(t, err)
	layer := v1alpha1.Layer{Name: "debian", Content: &v1alpha1.LayerContent{Digest: v1alpha1.DigestOf([]byte("x")), Size: 1}}
	call := lifecycle.Call{Plan: lifecycle.Plan{Target: lifecycle.Target{Profile: v1alpha1.Profile{Spec: v1alpha1.ProfileSpec{Layers: []v1alpha1.Layer{layer}}}}}}
	ensure := func(with error) error {
		a := EnsureContent{Tidier: Tidier{State: state, Content: store}, Registry: func(context.Context) (Registry, error) { return failing{with}, nil }}
		return a.Do(t.Context(), call)
	}
	for _, code := range []string{"registry.tls", "registry.denied", "registry.not-found", "registry.unexpected", "content.corrupt"} {
		err := ensure(fault.New(fault.Input, code, "look at the clock", "no"))
		require.Equal(t, fault.Wait, fault.KindOf(err), code)
		require.Equal(t, code, fault.CodeOf(err))
		require.Equal(t, "look at the clock", fault.RemedyOf(err))
	}
	require.Equal(t, fault.Wait, fault.KindOf(ensure(fault.New(fault.Refused, "registry.plain-http", "", "no"))))
	require.Equal(t, fault.Input, fault.KindOf(ensure(fault.New(fault.Input, "profile.layer-mismatch", "", "no"))), "the profile's own fault")
	require.ErrorIs(t, ensure(context.Canceled), context.Canceled)
}
