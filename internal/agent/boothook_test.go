package agent

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/agent/settings"
	"github.com/stylet-edge/stylet/internal/agent/userdata"
	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/internal/kairos"
	"github.com/stylet-edge/stylet/internal/lifecycle"
	"github.com/stylet-edge/stylet/internal/lifecycle/actions"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// hook is a boot hook over directories of the test.
type hook struct {
	BootHook
	state *durable.Root
}

func newHook(t *testing.T, cmdline string, image v1alpha1.Digest, env kairos.BootEnv) hook {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, data, 0o600))
		return path
	}
	record, err := json.Marshal(v1alpha1.ImageRecord{ID: image})
	require.NoError(t, err)
	write("root"+v1alpha1.ImageRecordPath, record)
	block, err := env.Encode()
	require.NoError(t, err)
	write("boot/"+kairos.EnvFile, block)
	state, err := durable.Open(filepath.Join(dir, "state"))
	require.NoError(t, err)
	return hook{BootHook{
		Settings: settings.Settings{StateDir: filepath.Join(dir, "state"), RuntimeDir: filepath.Join(dir, "run")},
		Host:     kairos.Host{StateDir: filepath.Join(dir, "boot"), CmdlinePath: write("cmdline", []byte(cmdline)), RootDir: filepath.Join(dir, "root")},
		Root:     filepath.Join(dir, "root"), UnitDir: filepath.Join(dir, "units"),
	}, state}
}

func (h hook) render(t *testing.T, target lifecycle.Target) {
	t.Helper()
	require.NoError(t, actions.RenderConfig{State: h.state}.Do(t.Context(), lifecycle.Call{Plan: lifecycle.Plan{Target: target}}))
}

func configured(name, content string) lifecycle.Target {
	t := imageTarget("1.0.0")
	t.Profile.Spec.Files = []v1alpha1.File{{Path: "/etc/site/" + name, Content: content, Mode: "0640"}}
	t.Profile.Spec.Trial.Tries = 2
	t.Revision.Config = t.Config().Digest()
	t.Revision.Profile = t.Profile.Digest()
	return t
}

// Image and configuration always change back together: what a boot lays over the image is decided
// by the booted slot together with the trial's mark.
//
// Requirement: A7
func TestBootHookChoosesTheRevisionsConfiguration(t *testing.T) {
	before, after := configured("app.conf", "before"), configured("app.conf", "after")
	journal := lifecycle.Journal{
		Committed: []lifecycle.CommittedRevision{{Revision: before.Revision}},
		Trial:     &lifecycle.Trial{Target: after, From: before.Revision, Good: v1alpha1.SlotActive},
	}
	for name, c := range map[string]struct {
		env   kairos.BootEnv
		want  string
		trial bool
	}{
		"on trial":      {kairos.BootEnv{Trial: after.Revision.ID().Short(), Try: 1, Max: 3, Good: v1alpha1.SlotActive}, "after", true},
		"gone back":     {kairos.BootEnv{Good: v1alpha1.SlotActive, Failed: after.Revision.ID().Short()}, "before", false},
		"another trial": {kairos.BootEnv{Trial: "0123456789ab", Try: 1, Max: 3, Good: v1alpha1.SlotActive}, "before", false},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHook(t, "root=LABEL=COS_ACTIVE", before.Revision.Image, c.env)
			require.NoError(t, h.state.WriteJSON(lifecycle.JournalFile, journal))
			h.render(t, before)
			h.render(t, after)
			require.NoError(t, h.Run(t.Context(), ""))
			name := filepath.Join(h.Root, "etc/site/app.conf")
			data, err := os.ReadFile(name)
			require.NoError(t, err)
			require.Equal(t, c.want, string(data))
			info, err := os.Stat(name)
			require.NoError(t, err)
			require.Equal(t, os.FileMode(0o640), info.Mode().Perm())
			drop, err := os.ReadFile(filepath.Join(h.UnitDir, "stylet-trial.timer.d/deadline.conf"))
			require.Equal(t, c.trial, err == nil, "the deadline is set for a trial alone")
			if c.trial {
				require.Contains(t, string(drop), "OnBootSec=\nOnBootSec=930s", "half a minute after the agent's own")
			}
		})
	}
}

func TestBootHookLeavesANoteWhenItFails(t *testing.T) {
	target := configured("app.conf", "x")
	h := newHook(t, "root=LABEL=COS_ACTIVE", target.Revision.Image, kairos.BootEnv{Good: v1alpha1.SlotActive})
	require.NoError(t, h.state.WriteJSON(lifecycle.JournalFile, lifecycle.Journal{
		Committed: []lifecycle.CommittedRevision{{Revision: target.Revision}},
	}))
	require.Error(t, h.Run(t.Context(), ""), "nothing was rendered for the revision")
	problem := machine{runtimeDir: h.Settings.RuntimeDir}.bootProblem()
	require.ErrorContains(t, problem, target.Revision.ID().Short(), "the agent tells of it")
}

func TestBootHookOnANewHostDoesNothing(t *testing.T) {
	h := newHook(t, "root=LABEL=COS_ACTIVE", "", kairos.BootEnv{})
	require.NoError(t, h.Run(t.Context(), ""))
	require.NoError(t, machine{runtimeDir: h.Settings.RuntimeDir}.bootProblem())
}

// One file that cannot be written does not cost the host the others.
//
// Requirement: A7
func TestWriteConfigGoesOnAfterABadFile(t *testing.T) {
	root := t.TempDir()
	err := writeConfig(root, lifecycle.HostConfig{Files: []v1alpha1.File{
		{Path: "/etc/first", Content: "1"},
		{Path: "/etc/setuid", Content: "2", Mode: "4755"},
		{Path: "/usr/outside", Content: "3"},
		{Path: "/etc/first/below", Content: "4"},
		{Path: "/etc/closed", Content: "5", Mode: "0000"},
		{Path: "/etc/last", Content: "6"},
	}})
	for _, bad := range []string{"/etc/setuid", "/usr/outside", "/etc/first/below"} {
		require.ErrorContains(t, err, bad)
	}
	require.NoFileExists(t, filepath.Join(root, "etc/setuid"))
	for name, mode := range map[string]os.FileMode{"first": 0o644, "closed": 0, "last": 0o644} {
		info, err := os.Stat(filepath.Join(root, "etc", name))
		require.NoError(t, err)
		require.Equal(t, mode, info.Mode().Perm(), name)
	}
}

// A revision whose configuration is not there, or not whole, is not committed: every trial has a
// gate for that.
//
// Requirement: A7
func TestConfigurationGate(t *testing.T) {
	target := configured("app.conf", "x")
	env := kairos.BootEnv{Trial: target.Revision.ID().Short(), Try: 1, Max: 3, Good: v1alpha1.SlotActive}
	bad := target
	bad.Profile.Spec.Files = append(bad.Profile.Spec.Files, v1alpha1.File{Path: "/etc/setuid", Mode: "4755"})
	for name, c := range map[string]struct {
		rendered *lifecycle.Target
		hook     bool
		says     string
	}{
		"laid over":            {&target, true, ""},
		"one file is missing":  {&bad, true, "/etc/setuid"},
		"never rendered":       {nil, true, target.Revision.ID().Short()},
		"the hook did not run": {&target, false, "did not run"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHook(t, "root=LABEL=COS_ACTIVE", target.Revision.Image, env)
			require.NoError(t, h.state.WriteJSON(lifecycle.JournalFile, lifecycle.Journal{Trial: &lifecycle.Trial{Target: target}}))
			if c.rendered != nil {
				rendered := *c.rendered
				rendered.Revision = target.Revision
				h.render(t, rendered)
			}
			if c.hook {
				err := h.Run(t.Context(), "")
				require.Equal(t, c.says != "", err != nil, "%v", err)
			}
			var gate *lifecycle.NamedGate
			for _, g := range gates(nil, nil, h.state, h.Settings.RuntimeDir, nil)(target) {
				if g.Name == "configuration" {
					gate = &g
				}
			}
			require.NotNil(t, gate)
			require.True(t, gate.Required)
			finding := gate.Gate.Check(t.Context())
			require.Equal(t, c.says == "", finding.OK, finding.Message)
			require.Contains(t, finding.Message, c.says)
		})
	}
}

// Requirement: A7
func TestWriteConfigStaysBelowEtc(t *testing.T) {
	for _, path := range []string{"/usr/bin/x", "/etc/../usr/x", "etc/../../x", "/", ""} {
		root := t.TempDir()
		err := writeConfig(root, lifecycle.HostConfig{Files: []v1alpha1.File{{Path: path, Content: "x"}}})
		require.Error(t, err, path)
		entries, err := os.ReadDir(root)
		require.NoError(t, err)
		require.Empty(t, entries, path)
	}
	root := t.TempDir()
	require.NoError(t, os.Symlink("/", filepath.Join(root, "etc")))
	require.Error(t, writeConfig(root, lifecycle.HostConfig{Files: []v1alpha1.File{{Path: "/etc/x", Content: "x"}}}), "a link out of the root is not followed")
}

// The site's properties go with the revision: the boot of a trial has its user-data, the boot after it the
// one before, and so have the files that the OS reads.
//
// Requirement: A3, A7, U3
func TestTheSitesPropertiesGoWithTheRevision(t *testing.T) {
	userData := func(name string) string {
		return "#cloud-config\nstylet: {site: {hostName: " + name + ", ntpServers: " + name + ".example}}\n"
	}
	before, after := configured("app.conf", "same"), configured("app.conf", "same")
	boot := func(t *testing.T, env kairos.BootEnv, managed string) hook {
		t.Helper()
		h := newHook(t, "root=LABEL=COS_ACTIVE", before.Revision.Image, env)
		h.Settings.UserDataDir = filepath.Join(t.TempDir(), "oem")
		require.NoError(t, os.MkdirAll(h.Settings.UserDataDir, 0o755))
		path := filepath.Join(h.Settings.UserDataDir, userdata.ManagedFile)
		require.NoError(t, os.WriteFile(path, []byte(userData("before")), 0o600))
		store := userdata.Store{OEMDir: h.Settings.UserDataDir, State: h.state}
		for target, name := range map[*lifecycle.Target]string{&before: "before", &after: "after"} {
			wanted, err := store.With(t.Context(), []byte(userData(name)))
			require.NoError(t, err)
			require.NoError(t, store.Keep(wanted))
			target.UserData = wanted.Settings
			target.Revision.Config = target.Config().Digest()
			h.render(t, *target)
		}
		require.NoError(t, h.state.WriteJSON(lifecycle.JournalFile, lifecycle.Journal{
			Committed: []lifecycle.CommittedRevision{{Revision: before.Revision}},
			Trial:     &lifecycle.Trial{Target: after, From: before.Revision, Good: v1alpha1.SlotActive},
		}))
		require.NoError(t, os.WriteFile(path, []byte(managed), 0o600))
		if env.Trial == "after" {
			env.Trial = after.Revision.ID().Short()
			block, err := env.Encode()
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(h.Host.StateDir, kairos.EnvFile), block, 0o600))
		}
		return h
	}
	shows := func(t *testing.T, h hook, name string) {
		t.Helper()
		for path, want := range map[string]string{
			filepath.Join(h.Settings.UserDataDir, userdata.ManagedFile):          userData(name),
			filepath.Join(h.Root, "etc/hostname"):                                name + "\n",
			filepath.Join(h.Root, "run/systemd/timesyncd.conf.d/50-stylet.conf"): "NTP=" + name + ".example\n",
		} {
			data, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Contains(t, string(data), want)
		}
	}
	trial := kairos.BootEnv{Trial: "after", Try: 1, Max: 3, Good: v1alpha1.SlotActive}
	t.Run("on trial", func(t *testing.T) {
		h := boot(t, trial, userData("before"))
		require.NoError(t, h.Run(t.Context(), ""))
		shows(t, h, "after")
	})
	t.Run("gone back", func(t *testing.T) {
		h := boot(t, kairos.BootEnv{Good: v1alpha1.SlotActive}, userData("after"))
		require.NoError(t, h.Run(t.Context(), ""))
		shows(t, h, "before")
	})
	t.Run("a person's word that cannot be read", func(t *testing.T) {
		h := boot(t, kairos.BootEnv{Good: v1alpha1.SlotActive}, "#cloud-config\nstylet: {bogus: 1}\n")
		require.NoError(t, h.Run(t.Context(), ""), "the agent tells it: it is what is wanted, and no part of this revision")
		name, err := os.ReadFile(filepath.Join(h.Root, "etc/hostname"))
		require.NoError(t, err)
		require.Equal(t, "before\n", string(name), "the host keeps its network")
	})
	t.Run("the installer's image", func(t *testing.T) {
		h := boot(t, kairos.BootEnv{}, userData("before"))
		require.NoError(t, h.state.RemoveAll(lifecycle.JournalFile))
		require.NoError(t, h.Run(t.Context(), ""))
		shows(t, h, "before")
	})
}
