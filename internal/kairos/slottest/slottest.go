// Package slottest is the contract of a slot driver: what any way of holding two images must keep
// when it is switched, tried, committed, sent back and cut off. kairos.Host is held to it with a
// stand-in for kairos-agent; a driver for containers is to be held to the same.
package slottest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/kairos"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Slots is the part of a driver that knows and changes images.
type Slots interface {
	Slot() (v1alpha1.Slot, error)
	Running() (v1alpha1.ImageRecord, error)
	Switch(ctx context.Context, image string, want v1alpha1.Digest, trial string) error
}

// Trials is the part of a driver that tells the boot loader what to try.
type Trials interface {
	Arm(ctx context.Context, id string, limit int, good v1alpha1.Slot) error
	Disarm(ctx context.Context, id string) error
	Commit(ctx context.Context) error
	FallBack(ctx context.Context) error
}

// Machine is a freshly installed host under test: active and passive hold the same image.
type Machine struct {
	Slots  Slots
	Trials Trials
	// Env reads what the boot loader would.
	Env func() (kairos.BootEnv, error)
	// Image makes an image file that says it is name.
	Image func(t *testing.T, name string) (path string, record v1alpha1.ImageRecord)
	// Reboot starts the machine anew by its boot loader's rule. A slot that cannot be loaded is
	// passed over, as GRUB does; the test fails when none can.
	Reboot func(t *testing.T)
	// Cut, of which only RunCuts makes use, begins a Switch and ends it by force after its nth
	// operation on the disk. It says false when the Switch was over before.
	Cut func(t *testing.T, image string, want v1alpha1.ImageRecord, n int) bool
}

// Switch switches to an image as stylet does: from active the trial is armed first.
func (m Machine) Switch(t *testing.T, image string, want v1alpha1.ImageRecord) error {
	t.Helper()
	slot, err := m.Slots.Slot()
	require.NoError(t, err)
	trial := ""
	if slot == v1alpha1.SlotActive {
		trial = want.ID.Short()
		require.NoError(t, m.Trials.Arm(t.Context(), trial, 3, v1alpha1.SlotPassive))
	}
	return m.Slots.Switch(t.Context(), image, want.ID, trial)
}

// Run holds the driver to the contract; bring makes a new machine for each test.
func Run(t *testing.T, bring func(t *testing.T) Machine) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, Machine){
		"switch":                  testSwitch,
		"switch again":            testSwitchAgain,
		"switch before a restart": testSwitchBeforeRestart,
		"commit":                  testCommit,
		"tries used up":           testTriesUsedUp,
		"fall back":               testFallBack,
		"out of passive":          testOutOfPassive,
	} {
		t.Run(name, func(t *testing.T) { test(t, bring(t)) })
	}
}

// RunCuts is the rest of the contract, which takes a machine for each operation of a Switch.
func RunCuts(t *testing.T, bring func(t *testing.T) Machine) {
	t.Helper()
	t.Run("cut from active", func(t *testing.T) { testCuts(t, bring, func(*testing.T, Machine) {}) })
	t.Run("cut from passive", func(t *testing.T) { testCuts(t, bring, sendToPassive) })
	t.Run("cut and disarmed", func(t *testing.T) { testDisarmAfterCuts(t, bring) })
}

// runs checks which image runs in which slot.
func runs(t *testing.T, m Machine, slot v1alpha1.Slot, id v1alpha1.Digest) {
	t.Helper()
	gotSlot, err := m.Slots.Slot()
	require.NoError(t, err)
	record, err := m.Slots.Running()
	require.NoError(t, err)
	require.Equal(t, slot, gotSlot)
	require.Equal(t, id, record.ID)
}

func running(t *testing.T, m Machine) v1alpha1.Digest {
	t.Helper()
	record, err := m.Slots.Running()
	require.NoError(t, err)
	return record.ID
}

func testSwitch(t *testing.T, m Machine) {
	t.Helper()
	old := running(t, m)
	path, want := m.Image(t, "new")
	require.NoError(t, m.Switch(t, path, want))
	runs(t, m, v1alpha1.SlotActive, old)
	m.Reboot(t)
	runs(t, m, v1alpha1.SlotActive, want.ID)
}

func testSwitchAgain(t *testing.T, m Machine) {
	t.Helper()
	path, want := m.Image(t, "new")
	require.NoError(t, m.Switch(t, path, want))
	require.NoError(t, m.Switch(t, path, want), "before the restart")
	m.Reboot(t)
	require.NoError(t, m.Switch(t, path, want), "after it")
	m.Reboot(t)
	runs(t, m, v1alpha1.SlotActive, want.ID)
}

// testSwitchBeforeRestart: a second switch must not make an image that never ran the way back.
func testSwitchBeforeRestart(t *testing.T, m Machine) {
	t.Helper()
	old := running(t, m)
	path, first := m.Image(t, "first")
	require.NoError(t, m.Switch(t, path, first))
	path, second := m.Image(t, "second")
	err := m.Switch(t, path, second)
	require.Equal(t, "switch.restart-pending", fault.CodeOf(err))
	require.NoError(t, m.Trials.Arm(t.Context(), first.ID.Short(), 1, v1alpha1.SlotPassive))
	m.Reboot(t)
	m.Reboot(t)
	runs(t, m, v1alpha1.SlotPassive, old)
}

func testCommit(t *testing.T, m Machine) {
	t.Helper()
	path, want := m.Image(t, "new")
	require.NoError(t, m.Trials.Arm(t.Context(), want.ID.Short(), 2, v1alpha1.SlotPassive))
	require.NoError(t, m.Slots.Switch(t.Context(), path, want.ID, want.ID.Short()))
	m.Reboot(t)
	env, err := m.Env()
	require.NoError(t, err)
	assert.Equal(t, want.ID.Short(), env.Trial)
	assert.Equal(t, 1, env.Try)
	require.NoError(t, m.Trials.Commit(t.Context()))
	for range 4 {
		m.Reboot(t)
		runs(t, m, v1alpha1.SlotActive, want.ID)
	}
	env, err = m.Env()
	require.NoError(t, err)
	assert.Empty(t, env.Trial)
}

func testTriesUsedUp(t *testing.T, m Machine) {
	t.Helper()
	old := running(t, m)
	path, want := m.Image(t, "new")
	require.NoError(t, m.Trials.Arm(t.Context(), want.ID.Short(), 2, v1alpha1.SlotPassive))
	require.NoError(t, m.Slots.Switch(t.Context(), path, want.ID, want.ID.Short()))
	for range 2 {
		m.Reboot(t)
		runs(t, m, v1alpha1.SlotActive, want.ID)
	}
	for range 2 {
		m.Reboot(t)
		runs(t, m, v1alpha1.SlotPassive, old)
	}
	env, err := m.Env()
	require.NoError(t, err)
	assert.Equal(t, want.ID.Short(), env.Failed)
}

func testFallBack(t *testing.T, m Machine) {
	t.Helper()
	old := running(t, m)
	sendToPassive(t, m)
	runs(t, m, v1alpha1.SlotPassive, old)
	m.Reboot(t)
	runs(t, m, v1alpha1.SlotPassive, old)
}

// sendToPassive lets a bad image be tried, and go back.
func sendToPassive(t *testing.T, m Machine) {
	t.Helper()
	path, bad := m.Image(t, "bad")
	require.NoError(t, m.Switch(t, path, bad))
	m.Reboot(t)
	runs(t, m, v1alpha1.SlotActive, bad.ID)
	require.NoError(t, m.Trials.FallBack(t.Context()))
	m.Reboot(t)
}

// testOutOfPassive: from passive the next image replaces the bad one, and the good one stays.
func testOutOfPassive(t *testing.T, m Machine) {
	t.Helper()
	old := running(t, m)
	sendToPassive(t, m)
	path, want := m.Image(t, "good again")
	require.NoError(t, m.Switch(t, path, want))
	env, err := m.Env()
	require.NoError(t, err)
	slot, _ := kairos.NextBoot(env)
	require.Equal(t, v1alpha1.SlotPassive, slot, "what was not armed is not booted")
	require.NoError(t, m.Trials.Arm(t.Context(), want.ID.Short(), 1, v1alpha1.SlotPassive))
	m.Reboot(t)
	runs(t, m, v1alpha1.SlotActive, want.ID)
	m.Reboot(t)
	runs(t, m, v1alpha1.SlotPassive, old)
}

// maxOperations ends the search for the end of a Switch.
const maxOperations = 50

// testCuts ends a Switch after each of its operations: wherever that is, the machine boots one of
// the two images, and a second Switch gets there with the good image still to go back to.
func testCuts(t *testing.T, bring func(*testing.T) Machine, before func(*testing.T, Machine)) {
	t.Helper()
	for n := 1; n <= maxOperations; n++ {
		for _, reboot := range []bool{false, true} {
			m := bring(t)
			old := running(t, m)
			before(t, m)
			path, want := m.Image(t, "new")
			if !m.Cut(t, path, want, n) {
				require.Greater(t, n, 1, "nothing was cut")
				t.Logf("%d operations", n-1)
				return
			}
			if reboot {
				m.Reboot(t)
				require.Contains(t, []v1alpha1.Digest{old, want.ID}, running(t, m), "after operation %d", n)
			}
			require.NoError(t, m.Switch(t, path, want), "after operation %d, reboot %t", n, reboot)
			require.NoError(t, m.Trials.Arm(t.Context(), want.ID.Short(), 1, v1alpha1.SlotPassive))
			m.Reboot(t)
			runs(t, m, v1alpha1.SlotActive, want.ID)
			m.Reboot(t)
			runs(t, m, v1alpha1.SlotPassive, old)
		}
	}
	t.Errorf("not over after %d operations", maxOperations)
}

// testDisarmAfterCuts takes a trial back after a Switch that was ended in its middle: the image that
// ran runs again and is good, or the driver says that the new one must be tried first, and it is.
func testDisarmAfterCuts(t *testing.T, bring func(*testing.T) Machine) {
	t.Helper()
	disarmed := 0
	for n := 1; n <= maxOperations; n++ {
		m := bring(t)
		old := running(t, m)
		path, want := m.Image(t, "new")
		if !m.Cut(t, path, want, n) {
			require.Positive(t, disarmed)
			require.Less(t, disarmed, n-1, "an image that is in place must be tried")
			return
		}
		err := m.Trials.Disarm(t.Context(), want.ID.Short())
		m.Reboot(t)
		if err != nil {
			require.Equal(t, "switch.restart-pending", fault.CodeOf(err), "after operation %d", n)
			runs(t, m, v1alpha1.SlotActive, want.ID)
			continue
		}
		disarmed++
		runs(t, m, v1alpha1.SlotActive, old)
		env, err := m.Env()
		require.NoError(t, err)
		require.Empty(t, env.Trial)
		require.Equal(t, v1alpha1.SlotActive, env.Good)
	}
	t.Errorf("not over after %d operations", maxOperations)
}
