package archtest

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// listed is what we read of `go list -json`.
type listed struct {
	ImportPath   string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

// golist runs go list in the repository's root with the tags of the product.
func golist(t *testing.T, args ...string) []listed {
	t.Helper()
	args = append([]string{"list", "-tags", "nogit,nounpack", "-json=ImportPath,Imports,TestImports,XTestImports"}, args...)
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = "../.."
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	require.NoError(t, err, "go %s\n%s", strings.Join(args, " "), &complaint)
	var packages []listed
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages
		}
		require.NoError(t, err)
		packages = append(packages, p)
	}
}

// ours turns an import path into one relative to the module.
func ours(importPath string) (string, bool) { return strings.CutPrefix(importPath, module+"/") }

func TestImportsPointDown(t *testing.T) {
	edges := 0
	for _, p := range golist(t, "./...") {
		from, ok := ours(p.ImportPath)
		require.True(t, ok, "%s is not below %s", p.ImportPath, module)
		if from == "internal/archtest" {
			continue
		}
		if complaint := vague(from); complaint != "" {
			t.Error(complaint)
		}
		if _, known := unit(from); !known {
			t.Errorf("%s is on no floor: add it to floors in internal/archtest", from)
		}
		for _, imported := range p.Imports {
			to, ok := ours(imported)
			if !ok {
				continue
			}
			edges++
			if why := judge(edge{from, to}); why != "" {
				t.Errorf("%s: %s", edge{from, to}, why)
			}
		}
	}
	require.NotZero(t, edges, "no import at all was seen: this test reads nothing")
}

// forbiddenDirect must not be imported by any package of ours, tests included.
var forbiddenDirect = map[string]string{
	"gopkg.in/yaml.v3":               "archived; go.yaml.in/yaml/v3 is the same code, kept up",
	"gopkg.in/yaml.v2":               "archived; use go.yaml.in/yaml/v3",
	"github.com/goccy/go-yaml":       "it decodes version: 1.30 as 1.3; use go.yaml.in/yaml/v3",
	"github.com/rs/zerolog":          "zap is our logger; bridge at the edge of the Kairos SDK only",
	"github.com/sirupsen/logrus":     "zap is our logger",
	"github.com/spf13/afero":         "a passenger of the Kairos SDK; internal/base/durable is our file module",
	"github.com/pkg/errors":          "fmt.Errorf with %w",
	"github.com/docker/docker":       "containers are not run by Docker here",
	"sigs.k8s.io/controller-runtime": "the agent is no controller; 30 MB",
}

// exceptIn names the one unit that may import it after all.
var exceptIn = map[string]string{
	// The Kairos SDK's functions take a logger of this kind: the bridge is there.
	"github.com/rs/zerolog": "internal/kairos",
}

func TestForbiddenDirectImports(t *testing.T) {
	for _, p := range golist(t, "./...") {
		for _, imported := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			for prefix, why := range forbiddenDirect {
				if !within(imported, prefix) || within(p.ImportPath, module+"/"+exceptIn[prefix]) {
					continue
				}
				t.Errorf("%s -> %s: %s", p.ImportPath, imported, why)
			}
		}
	}
}

// forbiddenInAgent must not be linked into the agent by anybody: each costs
// megabytes, measured with one call from a small program.
var forbiddenInAgent = map[string]string{
	"k8s.io/api":                          "typed Kubernetes API, 27 MB: use untyped objects",
	"k8s.io/client-go/discovery":          "pulls in 56 packages of typed API, 27 MB",
	"k8s.io/client-go/restmapper":         "pulls in discovery, 27 MB",
	"k8s.io/client-go/kubernetes":         "the typed client, 28 MB",
	"k8s.io/kubectl":                      "40 MB: run the node's own kubectl",
	"github.com/docker/docker/client":     "the agent talks to no Docker daemon",
	"github.com/go-git/go-git":            "the build tag nogit is missing, or somebody fetches by git",
	"sigs.k8s.io/controller-runtime":      "the agent is no controller",
	"github.com/sigstore/sigstore-go":     "8 MB: profiles are signed by DSSE and pin the rest by digest",
	"modernc.org/sqlite":                  "4 MB: the agent's state is small files; the hub may have it",
	"github.com/jackc/pgx":                "the hub's, not the agent's",
	"github.com/prometheus/client_golang": "2.5 MB: metrics are a few lines of text",
}

func TestForbiddenInAgent(t *testing.T) {
	packages := golist(t, "-deps", "./cmd/stylet")
	require.Greater(t, len(packages), 50, "too few dependencies to be the agent")
	imports := map[string][]string{}
	for _, p := range packages {
		imports[p.ImportPath] = p.Imports
	}
	for _, p := range packages {
		for prefix, why := range forbiddenInAgent {
			if within(p.ImportPath, prefix) {
				t.Errorf("%s: %s", strings.Join(chain(imports, module+"/cmd/stylet", p.ImportPath), " -> "), why)
			}
		}
	}
}

// within reports whether an import path is the prefix itself, a major version
// of it, or below it.
func within(importPath, prefix string) bool {
	return importPath == prefix || strings.HasPrefix(importPath, prefix+"/")
}

// chain finds a shortest import chain, so that a failure says who to talk to.
func chain(imports map[string][]string, from, to string) []string {
	parent := map[string]string{from: ""}
	for queue := []string{from}; len(queue) > 0; queue = queue[1:] {
		for _, next := range imports[queue[0]] {
			if _, seen := parent[next]; !seen {
				parent[next] = queue[0]
				queue = append(queue, next)
			}
		}
	}
	var path []string
	for at := to; at != ""; at = parent[at] {
		path = append(path, strings.TrimPrefix(at, module+"/"))
	}
	slices.Reverse(path)
	return path
}
