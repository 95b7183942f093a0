//go:build component

package actions

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/compose"
	"github.com/stylet-edge/stylet/internal/content"
	"github.com/stylet-edge/stylet/internal/kairos"
	"github.com/stylet-edge/stylet/internal/lifecycle"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// A full file system is emptied of what nobody needs before a host says that it lacks room, and it
// says so only when that is not enough; what the slots hold stays in any case.
//
// Requirement: A7
func TestEnsureContentMakesRoom(t *testing.T) {
	const mib = 1 << 20
	dir := t.TempDir()
	require.NoError(t, unix.Mount("tmpfs", dir, "tmpfs", 0, "size=64m"))
	t.Cleanup(func() { require.NoError(t, unix.Unmount(dir, unix.MNT_DETACH)) })
	s := newSite(t, dir)
	older, v1, v2 := s.target("0.1.0", 9*mib, "zero"), s.target("1.0.0", 9*mib, "one"), s.target("2.0.0", 9*mib, "two")
	refused := s.target("3.0.0", 9*mib, "three")
	j := lifecycle.Journal{Refused: []v1alpha1.RefusedRevision{{Revision: refused.Revision.ID()}}}
	for _, target := range []lifecycle.Target{older, v1, v2, refused} {
		s.bring(t, target)
		if target.Revision != refused.Revision {
			j.Committed = append(j.Committed, committedRevision(target))
		}
	}
	require.NoError(t, s.State.WriteFile(imageFile(refused), make([]byte, 20*mib), 0o600))
	free := func(imageSize int64, name string) error {
		want := s.target("4.0.0", 9*mib, name)
		want.ImageSize = imageSize
		j.Target, j.Plan = &want, &lifecycle.Plan{Target: want, Steps: []lifecycle.Step{{Action: lifecycle.EnsureContent}}}
		require.NoError(t, lifecycle.SaveJournal(s.State, j))
		return s.ensure().Do(t.Context(), lifecycle.Call{Plan: *j.Plan, Report: func(int64, int64) {}})
	}

	require.NoError(t, free(20*mib, "four"), "as much as the refused revision held")
	require.False(t, s.has(refused))
	require.True(t, s.has(older))

	require.NoError(t, free(30*mib, "five"), "more than the predecessors of the slots leave")
	require.False(t, s.has(older))
	require.True(t, s.has(v1) && s.has(v2))

	err := free(60*mib, "six")
	require.Equal(t, content.CodeNoRoom, fault.CodeOf(err), "%v", err)
	require.Equal(t, fault.Wait, fault.KindOf(err))
	require.True(t, s.has(v1) && s.has(v2))
}

// Compose has the same second look: what filled the file system since the download may be ours.
func TestComposeMakesRoom(t *testing.T) {
	const mib = 1 << 20
	dir := t.TempDir()
	require.NoError(t, unix.Mount("tmpfs", dir, "tmpfs", 0, "size=200m"))
	t.Cleanup(func() { require.NoError(t, unix.Unmount(dir, unix.MNT_DETACH)) })
	s := newSite(t, dir)
	refused, want := s.target("1.0.0", mib, "one"), s.target("2.0.0", mib, "two")
	want.Profile.Spec.Layers[0].Kind = v1alpha1.LayerOS
	s.bring(t, refused)
	require.NoError(t, s.ensure().fetch(t.Context(), want, func(int64) {}))
	require.NoError(t, s.State.WriteFile(imageFile(refused), make([]byte, 120*mib), 0o600))
	plan := lifecycle.Plan{Target: want, Steps: []lifecycle.Step{{Action: lifecycle.Compose}, {Action: lifecycle.Switch}}}
	require.NoError(t, lifecycle.SaveJournal(s.State, lifecycle.Journal{Target: &want, Plan: &plan}))

	host := kairos.Host{RootDir: t.TempDir()} // the installer's image: without a record
	step := composeImage{Deps{State: s.State, Content: s.Content, Host: host, Runner: command.Local{}}}
	err := step.Do(t.Context(), lifecycle.Call{Plan: plan, Report: func(int64, int64) {}})
	require.Equal(t, compose.CodeRejected, fault.CodeOf(err), "the layer is no archive, which is found out once there is room: %v", err)
	require.False(t, s.exists(imageFile(refused)))
}
