package kill

import (
	"bytes"
	"crypto/sha256"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/lifecycle"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

func TestThrottlePassesEveryByteAtItsRate(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789abcdef"), 32<<10) // 512 KiB
	server, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer server.Close()
	go func() {
		conn, err := server.Accept()
		if err == nil {
			_, _ = conn.Write(data)
			_ = conn.Close()
		}
	}()
	slow, err := newThrottle(t.Context(), server.Addr().String(), 1<<20)
	require.NoError(t, err)
	defer slow.stop()
	begun := time.Now()
	conn, err := net.Dial("tcp", slow.Address)
	require.NoError(t, err)
	defer conn.Close()
	got, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.Equal(t, sha256.Sum256(data), sha256.Sum256(got))
	require.Greater(t, time.Since(begun), 100*time.Millisecond, "512 KiB at 1 MiB/s, less the slack")
}

func TestRoleDropsWhatDiffersFromPlanToPlan(t *testing.T) {
	for unit, want := range map[string]string{
		"stylet-agent":                       "stylet-agent",
		"stylet-booted":                      "stylet-booted",
		"stylet-step-compose-ab12cd34-1-0":   "stylet-step-compose",
		"stylet-step-arm-trial-ab12cd34-3-2": "stylet-step-arm-trial",
		"stylet-step-gate-payload":           "stylet-step-gate-payload",
	} {
		assert.Equal(t, want, role(unit))
	}
}

func TestOnePerProcess(t *testing.T) {
	a1, a2, c1 := point{"agent", "x"}, point{"agent", "y"}, point{"compose", "x"}
	require.Equal(t, []point{a1, c1}, onePerProcess([]point{a1, a2, c1}))
	require.Empty(t, onePerProcess(nil))
}

func TestInProgress(t *testing.T) {
	plan := &lifecycle.Plan{Steps: []lifecycle.Step{{Action: lifecycle.EnsureContent}, {Action: lifecycle.Compose}}}
	require.Equal(t, phase(""), inProgress(lifecycle.Journal{}))
	require.Equal(t, phase(""), inProgress(lifecycle.Journal{Plan: plan}), "no intent: no effect may have begun")
	require.Equal(t, composing, inProgress(lifecycle.Journal{Plan: plan, Step: 1, Intent: &lifecycle.Intent{}}))
}

func TestLearnTakesTheShortestUndisturbedTime(t *testing.T) {
	l := &lab{typical: map[phase]time.Duration{}}
	l.learn(trip{phases: map[phase]time.Duration{pull: 9 * time.Second, composing: 4 * time.Second}})
	l.learn(trip{
		phases: map[phase]time.Duration{pull: 3 * time.Second, composing: time.Second},
		struck: []death{{phase: composing}},
	})
	require.Equal(t, map[phase]time.Duration{pull: 3 * time.Second, composing: 4 * time.Second}, l.typical)
}

func TestLacking(t *testing.T) {
	tally := map[phase][]death{pull: {{}, {}}, composing: {{}}}
	require.Equal(t, []phase{composing, switching}, lacking(tally, 2))
	require.Empty(t, lacking(tally, 0))
}

func TestJudgeStatusComplains(t *testing.T) {
	fine := func() v1alpha1.HostStatus {
		revision, image := v1alpha1.DigestOf([]byte("r")), v1alpha1.DigestOf([]byte("i"))
		return v1alpha1.HostStatus{
			Fine: true, Summary: "FINE: runs lab 0.0.3 (active), as wanted",
			Running: v1alpha1.RunningStatus{Slot: v1alpha1.SlotActive, Revision: revision, Image: image, Profile: "lab 0.0.3", Committed: true},
			Desired: &v1alpha1.DesiredStatus{Revision: revision, Image: image},
		}
	}
	l := &lab{version: 3}
	require.NoError(t, l.judgeStatus(fine()))
	for name, spoil := range map[string]func(*v1alpha1.HostStatus){
		"not fine":        func(s *v1alpha1.HostStatus) { s.Fine = false },
		"working":         func(s *v1alpha1.HostStatus) { s.Summary = "WORKING: ..." },
		"not committed":   func(s *v1alpha1.HostStatus) { s.Running.Committed = false },
		"passive":         func(s *v1alpha1.HostStatus) { s.Running.Slot = v1alpha1.SlotPassive },
		"old version":     func(s *v1alpha1.HostStatus) { s.Running.Profile = "lab 0.0.2" },
		"nothing desired": func(s *v1alpha1.HostStatus) { s.Desired = nil },
		"other revision":  func(s *v1alpha1.HostStatus) { s.Desired.Revision = "sha256:other" },
		"on trial":        func(s *v1alpha1.HostStatus) { s.Trial = &v1alpha1.TrialStatus{} },
		"refused":         func(s *v1alpha1.HostStatus) { s.Refused = []v1alpha1.RefusedRevision{{}} },
		"condition":       func(s *v1alpha1.HostStatus) { s.Conditions = []v1alpha1.Condition{{Type: "Source"}} },
	} {
		t.Run(name, func(t *testing.T) {
			s := fine()
			spoil(&s)
			require.Error(t, l.judgeStatus(s))
		})
	}
}

func TestPayloadsDifferByVersionAndSeedOnly(t *testing.T) {
	write := func(seed uint64, version int) [32]byte {
		l := &lab{seed: seed, version: version, random: rand.New(rand.NewPCG(1, 1))}
		name := filepath.Join(t.TempDir(), "payload")
		require.NoError(t, l.writePayload(name, 100_000))
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		require.Greater(t, len(data), 100_000, "random bytes do not get smaller")
		return sha256.Sum256(data)
	}
	first := write(1, 1)
	require.Equal(t, first, write(1, 1))
	require.NotEqual(t, write(1, 1), write(1, 2))
	require.NotEqual(t, write(1, 1), write(2, 1))
}
