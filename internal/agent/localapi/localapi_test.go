package localapi

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/lifecycle"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// host answers with fixed values and counts the changes asked for.
type host struct{ retried []string }

func (h *host) Status() v1alpha1.HostStatus { return v1alpha1.HostStatus{Summary: "FINE", Fine: true} }

func (h *host) Plan() lifecycle.Plan {
	return lifecycle.Plan{Class: lifecycle.ClassNone, Why: "nothing"}
}

func (h *host) Events() ([]v1alpha1.Event, error) {
	return []v1alpha1.Event{{Type: "plan.started", Message: "to 1.0.0"}}, nil
}

func (h *host) Retry(_ context.Context, prefix string) ([]v1alpha1.RefusedRevision, error) {
	if prefix == "none" {
		return nil, fault.New(fault.Input, "retry.unknown", "see `stylet status`", "no refused revision begins with %q", prefix)
	}
	h.retried = append(h.retried, prefix)
	return []v1alpha1.RefusedRevision{{Profile: "store 1.0.0"}}, nil
}

func serve(t *testing.T, h *host, mayChange func(uint32) bool) *Client {
	t.Helper()
	path := filepath.Join(t.TempDir(), "api.sock")
	server := NewServer(h, zap.NewNop())
	if mayChange != nil {
		server.MayChange = mayChange
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, path) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
	})
	client := NewClient(path)
	require.Eventually(t, func() bool { _, err := client.Status(t.Context()); return err == nil }, 5*time.Second, 10*time.Millisecond)
	return client
}

// Requirement: U2
func TestReadsAreForAll(t *testing.T) {
	client := serve(t, &host{}, func(uint32) bool { return false })
	status, err := client.Status(t.Context())
	require.NoError(t, err)
	require.True(t, status.Fine)
	plan, err := client.Plan(t.Context())
	require.NoError(t, err)
	require.Equal(t, "nothing", plan.Why)
	events, err := client.Events(t.Context())
	require.NoError(t, err)
	require.Len(t, events, 1)
}

// Requirement: U2
func TestChangesAskForThePeer(t *testing.T) {
	var asked uint32
	h := &host{}
	client := serve(t, h, func(uid uint32) bool { asked = uid; return false })
	_, err := client.Retry(t.Context(), "")
	require.Equal(t, fault.Denied, fault.KindOf(err))
	require.Equal(t, "api.denied", fault.CodeOf(err))
	require.NotEmpty(t, fault.RemedyOf(err))
	require.Empty(t, h.retried)
	require.Equal(t, uint32(os.Getuid()), asked, "the kernel tells who asks")

	client = serve(t, h, func(uint32) bool { return true })
	forgotten, err := client.Retry(t.Context(), "3f")
	require.NoError(t, err)
	require.Len(t, forgotten, 1)
	require.Equal(t, []string{"3f"}, h.retried)
}

func TestErrorsKeepKindCodeAndRemedy(t *testing.T) {
	client := serve(t, &host{}, func(uint32) bool { return true })
	_, err := client.Retry(t.Context(), "none")
	require.Equal(t, fault.Input, fault.KindOf(err))
	require.Equal(t, "retry.unknown", fault.CodeOf(err))
	require.Contains(t, fault.Text(err), "see `stylet status`")
}

func TestNoAgentIsSaidPlainly(t *testing.T) {
	_, err := NewClient(filepath.Join(t.TempDir(), "none.sock")).Status(t.Context())
	require.Equal(t, "agent.not-running", fault.CodeOf(err))
	require.Equal(t, fault.ExitUnavailable, fault.ExitCodeOf(err))
}
