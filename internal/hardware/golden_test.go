package hardware

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden reports anew")

func report(t *testing.T, fixture string) Report {
	t.Helper()
	root := unpackFixture(t, fixture)
	facts, err := Collect(t.Context(), Options{Root: root})
	require.NoError(t, err)
	return Judge(facts, fixtureSite(t, root))
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
			r := report(t, name+".txtar")
			data, err := json.MarshalIndent(r, "", "  ")
			require.NoError(t, err)
			golden(t, name+".json", append(data, '\n'))
			var table bytes.Buffer
			require.NoError(t, r.WriteTable(&table))
			golden(t, name+".txt", table.Bytes())
			fitsConsole(t, table.String())
		})
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
