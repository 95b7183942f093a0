package kairos

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/command"
)

// mounter plays mount and umount of COS_STATE: a file system with an environment.
type mounter struct {
	mounted []string
	broken  bool
}

func (m *mounter) Run(_ context.Context, spec command.Spec) (command.Result, error) {
	if m.broken {
		return command.Result{}, errors.New("no such label")
	}
	where := spec.Argv[len(spec.Argv)-1]
	env := filepath.Join(where, EnvFile)
	if spec.Argv[0] == "umount" {
		return command.Result{}, os.Remove(env)
	}
	m.mounted = append(m.mounted, spec.Argv[3])
	block, err := BootEnv{Trial: "0123456789ab"}.Encode()
	if err != nil {
		return command.Result{}, err
	}
	return command.Result{}, os.WriteFile(env, block, 0o600)
}

// trialAtBoot gives the trial that a boot stage reads.
func trialAtBoot(t *testing.T, h Host) (trial string, err error) {
	t.Helper()
	err = h.AtBoot(t.Context(), func(h Host) error {
		env, err := h.Env()
		trial = env.Trial
		return err
	})
	return trial, err
}

// Requirement: A7
func TestABootStageMountsTheStateThatItCannotSee(t *testing.T) {
	m := &mounter{}
	trial, err := trialAtBoot(t, Host{Runner: m, StateDir: t.TempDir()})
	require.NoError(t, err)
	require.Equal(t, "0123456789ab", trial)
	require.Equal(t, []string{"LABEL=COS_STATE"}, m.mounted)
}

func TestABootStageUsesTheStateThatItSees(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, createEnv(filepath.Join(dir, EnvFile)))
	m := &mounter{}
	_, err := trialAtBoot(t, Host{Runner: m, StateDir: dir})
	require.NoError(t, err)
	require.Empty(t, m.mounted)
}

func TestABootStageWithoutStateSaysBoth(t *testing.T) {
	_, err := trialAtBoot(t, Host{Runner: &mounter{broken: true}, StateDir: t.TempDir()})
	require.ErrorContains(t, err, "no such label")
	require.ErrorIs(t, err, os.ErrNotExist)
}
