package kairos_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/kairos"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

func TestSlotsTellWhatIsInThem(t *testing.T) {
	m := newMachine(t, noMounts{})
	path, want := m.image(t, "new")
	require.NoError(t, m.contract().Switch(t, path, want))
	slots, err := m.host.Slots(t.Context())
	require.NoError(t, err)
	assert.Equal(t, kairos.SlotImage{
		Slot: v1alpha1.SlotActive, Path: m.slotPath(v1alpha1.SlotActive), Present: true,
		Size: 2 << 20, Label: "COS_ACTIVE", Bootable: true, Record: want,
	}, slots.Active)
	assert.Equal(t, "COS_PASSIVE", slots.Passive.Label)
	assert.Empty(t, slots.Passive.Record.ID, "the installer's image has no record")

	require.NoError(t, os.WriteFile(m.slotPath(v1alpha1.SlotActive), []byte("torn"), 0o600))
	require.NoError(t, os.Remove(m.slotPath(v1alpha1.SlotPassive)))
	slots, err = m.host.Slots(t.Context())
	require.NoError(t, err, "a broken slot is to be reported, not an error")
	assert.Contains(t, slots.Active.Problem, "no ext file system")
	assert.False(t, slots.Passive.Present)
}

func TestSwitchLeavesNoSelectedEntry(t *testing.T) {
	m := newMachine(t, noMounts{})
	grubenv := m.path("oem/grubenv")
	require.NoError(t, os.WriteFile(grubenv, block("extra_cmdline=quiet\nsaved_entry=fallback\n"), 0o600))
	path, want := m.image(t, "new")
	require.NoError(t, m.contract().Switch(t, path, want))
	data, err := os.ReadFile(grubenv)
	require.NoError(t, err)
	assert.Equal(t, string(block("extra_cmdline=quiet\n")), string(data))

	// kairos-agent pads to the next 1024, a whole block more when nothing is missing.
	require.NoError(t, os.WriteFile(grubenv, append(block("next_entry=cos\n"), bytes.Repeat([]byte("#"), 1024)...), 0o600))
	require.NoError(t, m.contract().Switch(t, path, want))
	data, err = os.ReadFile(grubenv)
	require.NoError(t, err)
	assert.Len(t, data, 2048)
	assert.NotContains(t, string(data), "next_entry")

	for name, damaged := range map[string][]byte{"torn": []byte("# GRUB Environment Block\nnext_entry=fallb"), "zeros": make([]byte, 1024)} {
		require.NoError(t, os.WriteFile(grubenv, damaged, 0o600))
		require.NoError(t, m.contract().Switch(t, path, want))
		data, err = os.ReadFile(grubenv)
		require.NoError(t, err)
		assert.Equal(t, string(block("")), string(data), name)
	}
}

func TestSwitchRefuses(t *testing.T) {
	m := newMachine(t, noMounts{})
	path, want := m.image(t, "new")
	_, other := m.image(t, "other")

	err := m.contract().Switch(t, path, other)
	assert.Equal(t, "switch.bad-source", fault.CodeOf(err), "the file is not what was asked for")
	err = m.host.Switch(t.Context(), path, "", "")
	assert.Equal(t, "switch.no-id", fault.CodeOf(err))
	require.Error(t, m.contract().Switch(t, m.path("missing"), want))

	require.NoError(t, os.WriteFile(m.path("cmdline"), []byte("root=live:CDLABEL=COS_LIVE"), 0o600))
	err = m.contract().Switch(t, path, want)
	assert.Equal(t, fault.Refused, fault.KindOf(err))
	assert.Equal(t, "switch.wrong-slot", fault.CodeOf(err))
	assert.NoFileExists(t, m.path("account"), "kairos-agent was not started")
}

func TestSwitchDoesNotTrustKairosAgent(t *testing.T) {
	for name, script := range map[string]string{
		"does nothing":        "exit 0",
		"leaves a wrong name": "cp \"${3#file:}\" $STANDIN_STATE/cOS/active.img",
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t, noMounts{})
			path, want := m.image(t, "new")
			body := "#!/bin/sh\nSTANDIN_STATE=" + m.path("state") + "\n" + script + "\n"
			require.NoError(t, os.WriteFile(m.path("kairos-agent"), []byte(body), 0o755))
			err := m.contract().Switch(t, path, want)
			assert.Equal(t, "switch.not-verified", fault.CodeOf(err))
			assert.Equal(t, fault.Retry, fault.KindOf(err))
		})
	}
}

// TestSwitchPlaysKairosAgentsOrder pins the stand-in's account, which the end-to-end test compares
// with the real one's system calls.
func TestSwitchPlaysKairosAgentsOrder(t *testing.T) {
	m := newMachine(t, noMounts{})
	path, want := m.image(t, "new")
	require.NoError(t, m.contract().Switch(t, path, want))
	account, err := os.ReadFile(m.path("account"))
	require.NoError(t, err)
	assert.Equal(t, []string{
		"create cOS/transition.img",
		"label cOS/transition.img COS_ACTIVE",
		"rename cOS/active.img cOS/passive.img",
		"label cOS/passive.img COS_PASSIVE",
		"sync",
		"rename cOS/transition.img cOS/active.img",
		"sync",
		"write grubenv",
	}, strings.Split(strings.TrimSpace(string(account)), "\n"))
}

// Requirement: A7
func TestImageThatCannotFitIsRefused(t *testing.T) {
	m := newMachine(t, noMounts{})
	room, err := m.host.StateRoom(t.Context())
	require.NoError(t, err)
	assert.Positive(t, room.Size)
	assert.Equal(t, max(0, (room.Size-1000<<20)/3), room.Largest)

	path, want := m.image(t, "new")
	require.NoError(t, os.Truncate(path, room.Free+1<<30)) // a hole: it takes no room itself
	err = m.contract().Switch(t, path, want)
	require.Equal(t, kairos.CodeNoRoom, fault.CodeOf(err))
	require.Equal(t, fault.Wait, fault.KindOf(err))
	require.NoFileExists(t, m.path("account"), "kairos-agent was not asked")
}

func TestRunningNeedsNoRecordButARightOne(t *testing.T) {
	host := kairos.Host{RootDir: t.TempDir()}
	record, err := host.Running()
	require.NoError(t, err)
	assert.Zero(t, record)
	path := filepath.Join(host.RootDir, v1alpha1.ImageRecordPath)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte("{"), 0o600))
	_, err = host.Running()
	require.Error(t, err)
}

func TestHostMendsItsBootFiles(t *testing.T) {
	m := newMachine(t, noMounts{})
	require.NoError(t, os.Truncate(m.path("state/"+kairos.EnvFile), 0))
	_, err := m.host.Env()
	require.Equal(t, kairos.CodeEnvDamaged, fault.CodeOf(err))
	require.Equal(t, kairos.CodeEnvDamaged, fault.CodeOf(m.host.Commit(t.Context())))
	require.NoError(t, os.WriteFile(m.path("state/"+kairos.SnippetFile), []byte("old"), 0o600))
	require.NoError(t, m.host.PrepareBoot(t.Context()))
	env, err := m.host.Env()
	require.NoError(t, err)
	assert.Equal(t, kairos.DefaultBootEnv(), env)
	data, err := os.ReadFile(m.path("state/" + kairos.SnippetFile))
	require.NoError(t, err)
	assert.Equal(t, kairos.Snippet(), data)
}

func TestLayoutThatDoesNotFitSaysWhatWould(t *testing.T) {
	layout := kairos.LayoutFor(0)
	assert.Equal(t, int64(3*8192+1000), layout.State)
	require.NoError(t, layout.Check(100e9), "the smallest supported disk takes the default")
	err := layout.Check(40e9)
	require.Equal(t, kairos.CodeDiskTooSmall, fault.CodeOf(err))
	text := fault.Text(err)
	_, rest, ok := strings.Cut(text, "maxImageSize to ")
	require.True(t, ok, text)
	word, _, _ := strings.Cut(rest, " ")
	var size v1alpha1.Size
	require.NoError(t, size.UnmarshalText([]byte(word)))
	require.NoError(t, kairos.LayoutFor(size).Check(40e9), "the advice holds")
	require.Error(t, kairos.LayoutFor(size+1<<20).Check(40e9), "and is the best")
	assert.NotContains(t, fault.Text(layout.Check(10e9)), "maxImageSize")
}

func FuzzExtLabel(f *testing.F) {
	good := make([]byte, 2048)
	copy(good[1024+120:], "COS_ACTIVE")
	good[1024+56], good[1024+57] = 0x53, 0xEF
	f.Add(good)
	f.Add(good[:1100])
	f.Add([]byte{})
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		m := &machine{dir: dir}
		host := kairos.Host{Runner: noMounts{}, StateDir: m.path("state")}
		require.NoError(t, os.MkdirAll(m.path("state/cOS"), 0o755))
		require.NoError(t, os.WriteFile(m.slotPath(v1alpha1.SlotActive), data, 0o600))
		slots, err := host.Slots(t.Context())
		require.NoError(t, err)
		require.LessOrEqual(t, len(slots.Active.Label), 16)
	})
}

// Somebody chose passive in the boot menu, while active is good: what comes into active must not be
// booted before it is on trial.
//
// Requirement: A7
func TestSwitchFromPassiveKeepsPassiveGood(t *testing.T) {
	m := newMachine(t, noMounts{})
	m.start(t, v1alpha1.SlotPassive)
	path, want := m.image(t, "new")
	require.NoError(t, m.contract().Switch(t, path, want))
	env, err := m.host.Env()
	require.NoError(t, err)
	slot, _ := kairos.NextBoot(env)
	require.Equal(t, v1alpha1.SlotPassive, slot)
}

// An agent that lost sight of a switch (systemd's bus was away) must neither start another one nor
// call it off while kairos-agent still works.
//
// Requirement: A8
func TestOnlyOneChangesTheSlots(t *testing.T) {
	m := newMachine(t, noMounts{})
	path, want := m.image(t, "new")
	id := want.ID.Short()
	require.NoError(t, m.host.Arm(t.Context(), id, 3, v1alpha1.SlotPassive))
	other := flock.New(m.path("state/cOS"), flock.SetFlag(os.O_RDONLY)) // as another step of stylet holds it
	require.NoError(t, other.Lock())
	soon := func() context.Context {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		t.Cleanup(cancel)
		return ctx
	}
	require.ErrorIs(t, m.host.Switch(soon(), path, want.ID, id), context.DeadlineExceeded)
	require.ErrorIs(t, m.host.Disarm(soon(), id), context.DeadlineExceeded)
	require.NoFileExists(t, m.path("account"), "kairos-agent was not asked")
	require.NoError(t, other.Unlock())
	require.NoError(t, m.host.Disarm(t.Context(), id))
	require.Equal(t, "switch.not-armed", fault.CodeOf(m.host.Switch(t.Context(), path, want.ID, id)), "it comes too late")
	require.Equal(t, "switch.not-armed", fault.CodeOf(m.host.Switch(t.Context(), path, want.ID, "")), "a plan made in passive")
	require.NoFileExists(t, m.path("account"), "kairos-agent was not asked")
	require.NoError(t, m.contract().Switch(t, path, want))
}

// A person chose the image that had failed in the boot menu: from there an upgrade would make it the
// way back, in place of the good one. When the good one is lost, an upgrade is the only way out.
//
// Requirement: A7
func TestNothingIsTriedFromAnImageThatFailed(t *testing.T) {
	m := newMachine(t, noMounts{})
	path, bad := m.image(t, "bad")
	require.NoError(t, m.contract().Switch(t, path, bad))
	m.reboot(t)
	require.NoError(t, m.host.FallBack(t.Context()))
	m.reboot(t)
	_, next := m.image(t, "next")
	m.start(t, v1alpha1.SlotActive)
	before, err := m.host.Env()
	require.NoError(t, err)
	err = m.host.Arm(t.Context(), next.ID.Short(), 3, v1alpha1.SlotPassive)
	require.Equal(t, "boot.wrong-image", fault.CodeOf(err))
	require.Equal(t, fault.Wait, fault.KindOf(err))
	env, err := m.host.Env()
	require.NoError(t, err)
	require.Equal(t, before, env)

	require.NoError(t, os.Remove(m.slotPath(v1alpha1.SlotPassive)))
	require.NoError(t, m.host.Arm(t.Context(), next.ID.Short(), 3, v1alpha1.SlotPassive))
}
