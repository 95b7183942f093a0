//go:build component

package hardware

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// The program for ARM64, run by qemu-user, gives of a Jetson's tree what the one of this machine
// gives of it.
//
// Requirement: H5
func TestTheProgramForARM64(t *testing.T) {
	emulator, err := exec.LookPath("qemu-aarch64")
	require.NoError(t, err, "scripts/deps.sh component installs it")
	program := filepath.Join(t.TempDir(), "stylet")
	build := exec.CommandContext(t.Context(), "go", "build", "-tags", "nogit,nounpack", "-o", program, "../../cmd/stylet")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOARCH=arm64")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	for _, name := range []string{"agx-orin", "orin-nx", "orin-nano", "xavier", "raspberry-5"} {
		t.Run(name, func(t *testing.T) {
			want, err := os.ReadFile(filepath.Join("testdata", "golden", name+".json"))
			require.NoError(t, err)
			probe := exec.CommandContext(t.Context(), emulator, program, "probe", "--root", unpackFixture(t, name+".txtar"), "-o", "json")
			got, err := probe.Output()
			var exit *exec.ExitError
			require.ErrorAs(t, err, &exit, "none of them is without a warning")
			require.Equal(t, string(want), string(got))
		})
	}
}
