package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const yamlFixture = `
- title: Shape
  requirements:
    A1: First.
    A2: Second | with a bar.
    B1: Third.
`

// repository lays out a small tree: path, content, path, content...
func repository(t *testing.T, files ...string) string {
	t.Helper()
	root := t.TempDir()
	files = append(files, source, yamlFixture)
	for i := 0; i < len(files); i += 2 {
		path := filepath.Join(root, files[i])
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(files[i+1]), 0o644))
	}
	return root
}

func TestTableNamesPlacesAndProofs(t *testing.T) {
	root := repository(
		t,
		"internal/x/x_test.go", "package x\n\n// TestIt proves it.\n//\n// Requirement: A1, A2\nfunc TestIt() {}\n",
		"scripts/lab/up.go", "package main\n\n// Requirement: A2\nfunc phaseUp() {}\n",
		"images/build.sh", "#!/bin/sh\n# Requirement: B1\n",
	)
	require.NoError(t, run(io.Discard, root, false))
	table, err := os.ReadFile(filepath.Join(root, target))
	require.NoError(t, err)
	for _, row := range []string{
		"| A1 | First. | `internal/x` | [TestIt](../internal/x/x_test.go) |\n",
		`| A2 | Second \| with a bar. | ` + "`internal/x` | [TestIt](../internal/x/x_test.go)<br>[phaseUp](../scripts/lab/up.go) |\n",
		"| B1 | Third. | `images` | not yet |\n",
		"2 of 3 requirements are named by a test.",
	} {
		require.Contains(t, string(table), row)
	}
	require.NoError(t, run(io.Discard, root, true), "a fresh table is not stale")
}

func TestStaleTableFails(t *testing.T) {
	root := repository(t)
	require.ErrorContains(t, run(io.Discard, root, true), "make docs", "a missing table")
	require.NoError(t, run(io.Discard, root, false))
	test := filepath.Join(root, "x_test.go")
	require.NoError(t, os.WriteFile(test, []byte("package x\n\n// Requirement: A1\nfunc TestNew() {}\n"), 0o644))
	require.ErrorContains(t, run(io.Discard, root, true), "make docs", "an old table")
}

func TestBadAnnotationsAreNamedWithTheirLine(t *testing.T) {
	for name, c := range map[string]struct{ file, source, want string }{
		"unknown id":     {"x_test.go", "package x\n\n// Requirement: Z9\nfunc TestIt() {}\n", "x_test.go:3: there is no requirement Z9"},
		"not above test": {"x_test.go", "package x\n\n// Requirement: A1\n\nfunc TestIt() {}\n", "x_test.go:3: the Requirement line must stand"},
		"no ids":         {"x.sh", "# Requirement: soon\n", "x.sh:1: want"},
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorContains(t, run(io.Discard, repository(t, c.file, c.source), false), c.want)
		})
	}
}

func TestDoubleIDFails(t *testing.T) {
	root := repository(t)
	double := yamlFixture + "- title: More\n  requirements: {A1: Again.}\n"
	require.NoError(t, os.WriteFile(filepath.Join(root, source), []byte(double), 0o644))
	require.ErrorContains(t, run(io.Discard, root, false), "A1 is there twice")
}
