package archtest

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// vuln runs the gate on a program that calls net/url.Parse.
func vuln(t *testing.T, database string) (output string, status int) {
	t.Helper()
	app, err := filepath.Abs("testdata/vuln/app")
	require.NoError(t, err)
	database, err = filepath.Abs(database)
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), "../../scripts/vuln.sh", app)
	cmd.Env = append(cmd.Environ(), "STYLET_VULNDB=file://"+database)
	out, err := cmd.CombinedOutput()
	if err != nil {
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit, "the script itself cannot be run")
	}
	return string(out), cmd.ProcessState.ExitCode()
}

func TestVulnerabilityGateFailsOnAFinding(t *testing.T) {
	output, status := vuln(t, "testdata/vuln/db")
	require.Equal(t, 3, status, output)
	require.Contains(t, output, "GO-2026-99999")
	require.Contains(t, output, "calls url.Parse")
}

func TestVulnerabilityGatePassesWithoutAFinding(t *testing.T) {
	output, status := vuln(t, "testdata/vuln/empty-db")
	require.Zero(t, status, output)
	require.NotContains(t, output, "SKIPPED")
}

// A database that a person named is never silently skipped.
func TestVulnerabilityGateFailsWithoutTheNamedDatabase(t *testing.T) {
	output, status := vuln(t, "testdata/vuln/no-such-db")
	require.Equal(t, 1, status, output)
	require.NotContains(t, output, "SKIPPED")
}
