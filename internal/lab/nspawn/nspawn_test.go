package nspawn

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPackagesSkipsComments(t *testing.T) {
	require.Equal(t, []string{"a", "b-c"}, packages("# why\na\n\n  b-c # what for\n"))
	require.Contains(t, packages(packageList), "systemd")
}

func TestChildrenOfThisProcess(t *testing.T) {
	require.Empty(t, Children(1<<30), "no such process")
	child := exec.CommandContext(t.Context(), "sleep", "60")
	require.NoError(t, child.Start())
	defer func() {
		_ = child.Process.Kill()
		_ = child.Wait()
	}()
	require.Contains(t, Children(os.Getpid()), child.Process.Pid)
}

func TestAMachineThatIsOffHasNoInside(t *testing.T) {
	var m Machine
	_, err := m.ReadFile("/etc/os-release")
	require.ErrorIs(t, err, ErrOff)
	_, err = m.Exec(t.Context(), "true")
	require.ErrorIs(t, err, ErrOff)
	_, err = m.Processes()
	require.ErrorIs(t, err, ErrOff)
}
