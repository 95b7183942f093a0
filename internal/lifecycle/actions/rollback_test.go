package actions

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/internal/kairos"
	"github.com/stylet-edge/stylet/internal/lab/reader"
	"github.com/stylet-edge/stylet/internal/lifecycle"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// noRemount runs no program: COS_STATE is a folder here, which is writable anyway.
type noRemount struct{}

func (noRemount) Run(context.Context, command.Spec) (command.Result, error) {
	return command.Result{}, nil
}

// The words that the lab's reader understands are those that going back really says.
//
// Requirement: A7
func TestGoingBackSaysWhyBeforeTheBootLoaderIsTold(t *testing.T) {
	dir := t.TempDir()
	state, err := durable.Open(dir)
	require.NoError(t, err)
	defer state.Close()
	target := lifecycle.Target{Revision: v1alpha1.Revision{Image: v1alpha1.DigestOf([]byte("bad"))}}
	id := target.Revision.ID()
	require.NoError(t, state.WriteJSON(lifecycle.JournalFile, lifecycle.Journal{Refused: []v1alpha1.RefusedRevision{
		{Revision: v1alpha1.DigestOf([]byte("older")), Code: lifecycle.CodeBootFailed, Cause: "a panic"},
		{Revision: id, Code: lifecycle.CodeGateFailed, Cause: "the gate containerd:\n exit status 1"},
	}}))
	require.NoError(t, kairos.PrepareBoot(t.Context(), noRemount{}, dir))
	env := filepath.Join(dir, kairos.EnvFile)
	require.NoError(t, kairos.WriteBootEnv(env, kairos.BootEnv{Trial: id.Short(), Try: 1, Good: v1alpha1.SlotPassive}))

	var said []string
	action := rollback{Deps{
		State: state, Host: kairos.Host{Runner: noRemount{}, StateDir: dir},
		Announce: func(line string) {
			said = append(said, line)
			have, err := kairos.ReadBootEnv(env)
			require.NoError(t, err)
			require.NotEmpty(t, have.Trial, "before the boot loader is told")
		},
	}}
	call := lifecycle.Call{Plan: lifecycle.Plan{Target: target}}
	require.NoError(t, action.Do(t.Context(), call))
	have, err := kairos.ReadBootEnv(env)
	require.NoError(t, err)
	require.Empty(t, have.Trial)
	require.Len(t, said, 1)
	require.Equal(t, map[string]reader.Verdict{
		id.Short(): {Code: lifecycle.CodeGateFailed, Cause: "the gate containerd: exit status 1"},
	}, reader.ParseVerdicts("login: [  312.550012] "+said[0]+"\nnext line\n"))

	// A journal that cannot be read keeps nobody from going back.
	require.NoError(t, kairos.WriteBootEnv(env, kairos.BootEnv{Trial: id.Short(), Try: 1}))
	require.NoError(t, os.WriteFile(filepath.Join(dir, lifecycle.JournalFile), []byte("{"), 0o600))
	require.NoError(t, action.Do(t.Context(), call))
	require.Len(t, said, 1)
}
