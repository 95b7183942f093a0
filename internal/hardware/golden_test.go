package hardware

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jaypipes/ghw/pkg/snapshot"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden reports anew")

// made is when the stylet of these tests was made; the fixtures' clocks are a little later.
var made = time.Date(2026, time.November, 1, 0, 0, 0, 0, time.UTC)

func report(t *testing.T, fixture string) Report {
	t.Helper()
	return reportOf(t, unpackFixture(t, fixture))
}

func reportOf(t *testing.T, root string) Report {
	t.Helper()
	facts, err := Collect(t.Context(), Options{Root: root})
	require.NoError(t, err)
	return Judge(facts, fixtureSite(t, root), made)
}

// Each machine's report, as JSON and as the table that a technician sees.
//
// Requirement: A2, H1, H2, H3, H4, H5, H6
func TestReportsOfKnownMachines(t *testing.T) {
	fixtures, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, fixtures)
	for _, path := range fixtures {
		name := strings.TrimSuffix(filepath.Base(path), ".txtar")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			goldenReport(t, name, report(t, name+".txtar"))
		})
	}
}

// ghw ships what it saw of real machines, made by its own tool.
//
// Requirement: H1, H2, H3, H4, H6
func TestReportsOfRealMachines(t *testing.T) {
	list := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/jaypipes/ghw")
	out, err := list.Output()
	require.NoError(t, err)
	dumps, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(out)), "testdata", "snapshots", "*.tar.gz"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(dumps), 8)
	for _, dump := range dumps {
		name, _, _ := strings.Cut(strings.TrimSuffix(filepath.Base(dump), ".tar.gz"), "-snapshot")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			require.NoError(t, snapshot.UnpackInto(dump, root))
			if _, err := os.Stat(filepath.Join(root, "proc", "cpuinfo")); err != nil {
				writeRootFile(t, root, "proc/cpuinfo", "") // this dump was made for another test of ghw's
			}
			goldenReport(t, "ghw-"+name, reportOf(t, root))
		})
	}
}

func goldenReport(t *testing.T, name string, r Report) {
	t.Helper()
	data, err := json.MarshalIndent(r, "", "  ")
	require.NoError(t, err)
	golden(t, name+".json", append(data, '\n'))
	var table bytes.Buffer
	require.NoError(t, r.WriteTable(&table))
	golden(t, name+".txt", table.Bytes())
	fitsConsole(t, table.String())
}

// The table that people are told to read, and the checks: one for each requirement.
func TestThePublishedRequirements(t *testing.T) {
	var table bytes.Buffer
	require.NoError(t, WriteRequirements(&table))
	golden(t, "requirements.txt", table.Bytes())
	fitsConsole(t, table.String())
	require.Len(t, probes(), len(Requirements()))
	seen := map[Verdict]map[string]bool{Fail: {}, Warn: {}}
	reports, err := filepath.Glob("testdata/golden/*.json")
	require.NoError(t, err)
	for _, path := range reports {
		var r struct{ Checks []Check }
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(data, &r), path)
		for _, c := range r.Checks {
			if seen[c.Verdict] != nil {
				seen[c.Verdict][c.Code] = true
			}
		}
	}
	for _, r := range Requirements() {
		require.NotNil(t, probes()[r.Code], r.Code)
		assert.Equal(t, r.Blocks != "", seen[Fail][r.Code], "%s refuses in a golden report exactly if it is published to", r.Code)
		if r.Warns != "" {
			assert.True(t, seen[Warn][r.Code], "%s warns in a golden report", r.Code)
		}
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name)
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run with -update to make it")
	require.Equal(t, string(want), string(got))
}

// fitsConsole wants 80 columns, but for lines with a path too long for one: it is to be copied.
func fitsConsole(t *testing.T, table string) {
	t.Helper()
	for line := range strings.Lines(table) {
		line = strings.TrimRight(line, "\n")
		longest := 0
		for word := range strings.FieldsSeq(line) {
			longest = max(longest, len(word))
		}
		if longest < 80-len("PASS  virtualization   ") {
			assert.LessOrEqual(t, len(line), 80, line)
		}
	}
}
