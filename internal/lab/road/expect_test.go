package road

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/lab/phase"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

func TestCommittedWantsTheVersionItsTrialsEndAndAFineHost(t *testing.T) {
	good := v1alpha1.HostStatus{Fine: true, Running: v1alpha1.RunningStatus{Profile: "store 2.0.0", Committed: true}}
	require.Empty(t, committed("2.0.0")(good))
	require.Contains(t, committed("3.0.0")(good), "it runs store 2.0.0")

	trial := good
	trial.Trial = &v1alpha1.TrialStatus{}
	require.Contains(t, committed("2.0.0")(trial), "not committed")

	sick := good
	sick.Fine, sick.Summary = false, "NOT FINE: the disk is full"
	require.Contains(t, committed("2.0.0")(sick), "the disk is full")
}

func TestARefusalNeedsItsVersionItsCodeAndACause(t *testing.T) {
	want := refusal{version: "3.0.0", code: "trial.gate-failed"}
	status := func(r ...v1alpha1.RefusedRevision) v1alpha1.HostStatus { return v1alpha1.HostStatus{Refused: r} }
	require.Contains(t, want.missing(status()), "not refused")
	require.Contains(t, want.missing(status(v1alpha1.RefusedRevision{Profile: "store 2.0.0", Code: want.code, Cause: "x"})), "not refused")
	require.Contains(t, want.missing(status(v1alpha1.RefusedRevision{Profile: "store 3.0.0", Code: "trial.deadline", Cause: "x"})), "trial.deadline")
	require.Contains(t, want.missing(status(v1alpha1.RefusedRevision{Profile: "store 3.0.0", Code: want.code})), "was refused as")
	require.Empty(t, want.missing(status(v1alpha1.RefusedRevision{Profile: "store 3.0.0", Code: want.code, Cause: "x"})))
}

func TestInstallerLinesAreFoundBetweenOthers(t *testing.T) {
	said := "[  219.6] stylet[636]: stylet-install    0s  WARN: this machine can be used\nPassword: [  229.8] stylet[636]: stylet-install   10s    2%  partition\n[ 230.0] systemd[1]: Started x\n"
	require.Equal(t, []string{"0s  WARN: this machine can be used", "10s    2%  partition"}, installerLines(said))
}

func TestProgramsLinesReachTheReporterWhole(t *testing.T) {
	var out bytes.Buffer
	report := phase.NewReporter(&out)
	said := &sayLines{report: report}
	for _, piece := range []string{"images: base", ": cached\n\nimages: kit: ca", "ched\nhalf"} {
		_, err := said.Write([]byte(piece))
		require.NoError(t, err)
	}
	report.Close()
	require.Equal(t, "images: base: cached\nimages: kit: cached\n", out.String())
}

// The names are what people type after --from: each once, and the demo's road is the whole one's
// beginning.
func TestPhasesHaveNamesOfTheirOwn(t *testing.T) {
	r := &Road{}
	seen := map[string]bool{}
	for i, p := range r.Whole() {
		require.False(t, seen[p.Name], p.Name)
		seen[p.Name] = true
		require.Positive(t, p.Expected)
		require.NotEmpty(t, p.Shows)
		if i < len(r.ToHealthy()) {
			require.Equal(t, r.ToHealthy()[i].Name, p.Name)
		}
	}
}
