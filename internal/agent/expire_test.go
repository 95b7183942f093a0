package agent

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/kairos"
	"github.com/stylet-edge/stylet/internal/lifecycle"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// asked notes what would have been run on the host: remounts and the reboot.
type asked struct{ argv []string }

func (a *asked) Run(_ context.Context, spec command.Spec) (command.Result, error) {
	a.argv = append(a.argv, strings.Join(spec.Argv, " "))
	return command.Result{}, nil
}

// bootedInTrial is a host whose boot hook found the target on trial.
func bootedInTrial(t *testing.T, target, before lifecycle.Target) (hook, *asked) {
	t.Helper()
	env := kairos.BootEnv{Trial: target.Revision.ID().Short(), Try: 1, Max: 3, Good: v1alpha1.SlotPassive}
	h := newHook(t, "root=LABEL=COS_ACTIVE "+kairos.TrialArgument(v1alpha1.SlotActive, env), target.Revision.Image, env)
	programs := &asked{}
	h.Host.Runner = programs
	require.NoError(t, h.state.WriteJSON(lifecycle.JournalFile, lifecycle.Journal{
		Committed: []lifecycle.CommittedRevision{{Revision: before.Revision}},
		Trial:     &lifecycle.Trial{Target: target, From: before.Revision, Good: v1alpha1.SlotPassive, Try: 1},
	}))
	h.render(t, before)
	h.render(t, target)
	require.NoError(t, h.Run(t.Context(), ""))
	require.NoError(t, os.WriteFile(h.kernelLog(), nil, 0o600))
	return h, programs
}

func (h hook) kernelLog() string { return filepath.Join(h.Settings.RuntimeDir, "kmsg") }

func (h hook) env(t *testing.T) kairos.BootEnv {
	t.Helper()
	env, err := h.Host.Env()
	require.NoError(t, err)
	return env
}

func (h hook) setEnv(t *testing.T, env kairos.BootEnv) {
	t.Helper()
	require.NoError(t, kairos.WriteBootEnv(filepath.Join(h.Host.StateDir, kairos.EnvFile), env))
}

func (h hook) verdict(t *testing.T) *lifecycle.Failure {
	t.Helper()
	var seen lifecycle.Seen
	require.NoError(t, machine{state: h.state}.verdict(&seen))
	return seen.Verdict
}

// Requirement: A7
func TestDeadlineEndsTheTrialOfItsBoot(t *testing.T) {
	target := configured("app.conf", "after")
	h, programs := bootedInTrial(t, target, configured("app.conf", "before"))
	require.NoError(t, expire(t.Context(), h.Settings, h.Host, h.kernelLog()))

	env := h.env(t)
	slot, _ := kairos.NextBoot(env)
	require.Equal(t, v1alpha1.SlotPassive, slot, "%+v", env)
	require.Empty(t, env.Trial)
	verdict := h.verdict(t)
	require.NotNil(t, verdict)
	require.Equal(t, target.Revision.ID(), verdict.Revision)
	require.Equal(t, lifecycle.CodeDeadline, verdict.Code)
	said, err := os.ReadFile(h.kernelLog())
	require.NoError(t, err)
	require.Equal(t, "<27>"+verdict.Announcement()+"\n", string(said))
	require.Equal(t, "systemctl reboot", programs.argv[len(programs.argv)-1])

	require.Error(t, h.Host.Commit(t.Context()), "a commit that comes too late does not undo the way back")
	require.Equal(t, env, h.env(t))
	programs.argv = nil
	require.NoError(t, expire(t.Context(), h.Settings, h.Host, h.kernelLog()))
	require.Empty(t, programs.argv, "it ends once")
}

// The deadline of a revision that was committed must not end the trial of the next one, which is
// armed from the same boot: it would be refused without having booted once.
//
// Requirement: A7
func TestDeadlineLeavesOtherTrialsAlone(t *testing.T) {
	target, next := configured("app.conf", "after"), configured("app.conf", "next")
	for name, change := range map[string]func(*testing.T, hook){
		"committed":                 func(t *testing.T, h hook) { t.Helper(); h.setEnv(t, h.env(t).Committed()) },
		"committed, next one armed": func(t *testing.T, h hook) { t.Helper(); h.arm(t, next) },
		"armed again, not booted":   func(t *testing.T, h hook) { t.Helper(); h.arm(t, target) },
		"this boot proves nothing": func(t *testing.T, h hook) {
			t.Helper()
			require.NoError(t, os.WriteFile(h.Host.CmdlinePath, []byte("root=LABEL=COS_ACTIVE"), 0o600))
		},
		"the passive slot runs": func(t *testing.T, h hook) {
			t.Helper()
			cmdline := "root=LABEL=COS_PASSIVE " + kairos.TrialArgument(v1alpha1.SlotActive, h.env(t))
			require.NoError(t, os.WriteFile(h.Host.CmdlinePath, []byte(cmdline), 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			h, programs := bootedInTrial(t, target, configured("app.conf", "before"))
			change(t, h)
			before := h.env(t)
			require.NoError(t, expire(t.Context(), h.Settings, h.Host, h.kernelLog()))
			require.Equal(t, before, h.env(t))
			require.Nil(t, h.verdict(t))
			require.False(t, slices.Contains(programs.argv, "systemctl reboot"), "%v", programs.argv)
		})
	}
}

func (h hook) arm(t *testing.T, target lifecycle.Target) {
	t.Helper()
	h.setEnv(t, h.env(t).Committed().Armed(target.Revision.ID().Short(), 3, v1alpha1.SlotPassive))
	require.NoError(t, h.state.WriteJSON(lifecycle.JournalFile, lifecycle.Journal{
		Trial: &lifecycle.Trial{Target: target, Good: v1alpha1.SlotPassive},
	}))
}

// Requirement: A7
func TestCommitPutsTheBootInOrder(t *testing.T) {
	target := configured("app.conf", "after")
	h, programs := bootedInTrial(t, target, configured("app.conf", "before"))
	program, err := os.Executable()
	require.NoError(t, err)
	step := Step{Settings: h.Settings, Runner: programs, Program: program}
	step.Settings.BootDir, step.Settings.UserDataDir = h.Host.StateDir, t.TempDir()
	boot, err := bootID()
	require.NoError(t, err)
	require.NoError(t, h.state.WriteJSON(lifecycle.JournalFile, lifecycle.Journal{
		Plan:   &lifecycle.Plan{ID: "p", Target: target, Class: lifecycle.ClassImage, Steps: []lifecycle.Step{{Action: lifecycle.Commit}}},
		Intent: &lifecycle.Intent{BootID: boot},
		Trial:  &lifecycle.Trial{Target: target, Good: v1alpha1.SlotPassive, Try: 1},
	}))
	snippet := filepath.Join(h.Host.StateDir, kairos.SnippetFile)
	require.NoError(t, os.WriteFile(snippet, []byte("of the stylet before"), 0o600))
	require.NoError(t, step.Run(t.Context(), "p", 0))
	rule, err := os.ReadFile(snippet)
	require.NoError(t, err)
	require.Equal(t, kairos.Snippet(), rule, "the boot loader's rule is the committed stylet's")
	require.Equal(t, v1alpha1.SlotActive, h.env(t).Good)
	require.Contains(t, programs.argv, "systemctl stop stylet-trial.timer")
	require.NoError(t, step.Run(t.Context(), "p", 0), "it can be done again")
}

// Requirement: A7
func TestDeadlineGoesBackWhenNothingCanBeWritten(t *testing.T) {
	target, before := configured("app.conf", "after"), configured("app.conf", "before")
	h, programs := bootedInTrial(t, target, before)
	require.NoError(t, os.RemoveAll(h.Settings.StateDir))
	require.NoError(t, os.WriteFile(h.Settings.StateDir, nil, 0o600))
	require.Error(t, expire(t.Context(), h.Settings, h.Host, h.kernelLog()), "it is told that no verdict was left")
	require.Equal(t, "systemctl reboot", programs.argv[len(programs.argv)-1])

	env := h.env(t)
	slot, _ := kairos.NextBoot(env)
	require.Equal(t, v1alpha1.SlotPassive, slot)
	// The next agent must not take the trial for one that goes on.
	journal := lifecycle.Journal{Trial: &lifecycle.Trial{Target: target, From: before.Revision, Good: v1alpha1.SlotPassive, Try: 1}}
	after, _ := lifecycle.Recover(journal, lifecycle.Seen{
		Slot: v1alpha1.SlotPassive, BootID: "next", Image: v1alpha1.ImageRecord{ID: before.Revision.Image},
		Boot: lifecycle.Boot{Trial: env.Trial, Try: env.Try, Good: env.Good, Failed: env.Failed},
	}, time.Now())
	require.Nil(t, after.Trial)
	require.Len(t, after.Refused, 1)
}
