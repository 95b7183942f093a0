package lifecycle

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// gateFunc is a gate that depends on the time since it was made.
type gateFunc func(since time.Duration) bool

type timedGate struct {
	begun time.Time
	ok    gateFunc
}

func (g timedGate) Check(context.Context) Finding {
	ok := g.ok(time.Since(g.begun))
	return Finding{OK: ok, Message: map[bool]string{true: "passes", false: "does not pass"}[ok]}
}

// Requirement: A7
func TestProve(t *testing.T) {
	always := func(time.Duration) bool { return true }
	never := func(time.Duration) bool { return false }
	for name, c := range map[string]struct {
		ok       gateFunc
		required bool
		deadline time.Duration
		code     string
		took     time.Duration // at most this, and no less than 2 s below it
	}{
		"passes and settles":           {always, true, time.Hour, "", 10 * time.Second},
		"passes late":                  {func(d time.Duration) bool { return d > 30*time.Second }, true, time.Hour, "", 42 * time.Second},
		"never passes":                 {never, true, time.Hour, CodeGateFailed, 62 * time.Second},
		"never passes, only wanted":    {never, false, time.Hour, "", 0},
		"deadline before its time-out": {never, true, 20 * time.Second, CodeDeadline, 20 * time.Second},
		"flaps and never settles":      {func(d time.Duration) bool { return d%(6*time.Second) < 4*time.Second }, true, 100 * time.Second, CodeDeadline, 100 * time.Second},
		"breaks once, then settles":    {func(d time.Duration) bool { return d/time.Second != 6 }, true, time.Hour, "", 18 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				gates := []NamedGate{{Name: "g", Required: c.required, Timeout: time.Minute, Settle: 10 * time.Second, Gate: timedGate{begun, c.ok}}}
				failure, err := Prove(t.Context(), Trial{Target: target("1")}, gates, begun.Add(c.deadline), func(string) {})
				require.NoError(t, err)
				took := time.Since(begun)
				require.LessOrEqual(t, took, c.took)
				require.Greater(t, took, c.took-2*time.Second-1)
				if c.code == "" {
					require.Nil(t, failure)
					return
				}
				require.NotNil(t, failure)
				require.Equal(t, c.code, failure.Code)
				require.Contains(t, failure.Cause, "does not pass", "a person must learn why")
			})
		})
	}
}

func TestProveEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cause := errors.New("another revision is wanted")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(5*time.Second, func() { cancel(cause) })
		gates := []NamedGate{{Name: "g", Required: true, Timeout: time.Hour, Gate: timedGate{time.Now(), func(time.Duration) bool { return false }}}}
		failure, err := Prove(ctx, Trial{}, gates, time.Now().Add(time.Hour), func(string) {})
		require.ErrorIs(t, err, cause)
		require.Nil(t, failure, "an end of the agent is no verdict about the revision")
	})
}

// target makes a target whose image and configuration are named by one letter each.
func target(name string, config ...v1alpha1.File) Target {
	p := v1alpha1.Profile{Metadata: v1alpha1.Metadata{Name: "store", Version: name}, Spec: v1alpha1.ProfileSpec{Files: config}}
	t := Target{Source: "registry.example/site/store:stable", Profile: p, ImageSize: 100 << 20}
	t.Manifest = v1alpha1.ImageManifest{SchemaVersion: 1, Layers: []v1alpha1.ImageLayer{{Kind: v1alpha1.LayerOS, Name: name, Content: v1alpha1.DigestOf([]byte(name))}}}
	t.Revision = v1alpha1.Revision{Profile: p.Digest(), Image: t.Manifest.ID(), Config: t.Config().Digest()}
	return t
}
