package archtest

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// maxAgentBytes is the ceiling of the stripped agent for amd64. It is an
// editor's rule: raise it only with the reason and the figure in the commit.
const maxAgentBytes = 17_000_000

// The agent must run on any OS image, so it links nothing and is small.
//
// Requirement: A8
func TestAgentIsStaticStrippedAndSmall(t *testing.T) {
	path := filepath.Join(t.TempDir(), "stylet")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-buildvcs=false",
		"-tags", "nogit,nounpack", "-ldflags", "-s -w", "-o", path, "./cmd/stylet")
	build.Dir = "../.."
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	output, err := build.CombinedOutput()
	require.NoError(t, err, "%s", output)

	info, err := os.Stat(path)
	require.NoError(t, err)
	t.Logf("%d bytes of at most %d", info.Size(), maxAgentBytes)
	require.LessOrEqual(t, info.Size(), int64(maxAgentBytes),
		"the agent is too big: `go list -deps ./cmd/stylet` against the last release says what came in")

	binary, err := elf.Open(path)
	require.NoError(t, err)
	defer binary.Close()
	for _, segment := range binary.Progs {
		require.NotEqual(t, elf.PT_INTERP, segment.Type, "the binary asks for a dynamic loader")
	}
	libraries, err := binary.ImportedLibraries()
	require.NoError(t, err)
	require.Empty(t, libraries, "the binary links libraries of the host")
	require.Nil(t, binary.Section(".symtab"), "the binary is not stripped")
	require.Nil(t, binary.Section(".debug_info"), "the binary is not stripped")
}
