package archtest

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	earthTarget = regexp.MustCompile(`^([a-z][a-z0-9-]*):$`)
	earthMake   = regexp.MustCompile(`^RUN (?:--privileged )?make ([a-z0-9-]+)$`)
	makeTarget  = regexp.MustCompile(`(?m)^([a-z][a-z0-9-]*):`)
)

// checkEarthfile returns what is wrong: Earthly cannot be run here, so the file
// is held so thin that nothing in it needs running. VERSION comes first, and
// each target runs exactly one make target, which exists.
func checkEarthfile(earthfile, makefile string) []string {
	var wrong []string
	exists := map[string]bool{}
	for _, m := range makeTarget.FindAllStringSubmatch(makefile, -1) {
		exists[m[1]] = true
	}
	target, calls, first := "", map[string]int{}, true
	for n, line := range strings.Split(earthfile, "\n") {
		line = strings.TrimRight(line, " \t")
		if line == "" || strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		if first {
			first = false
			if !strings.HasPrefix(line, "VERSION ") {
				wrong = append(wrong, fmt.Sprintf("line %d: VERSION must come first", n+1))
			}
			continue
		}
		if m := earthTarget.FindStringSubmatch(line); m != nil {
			target = m[1]
			calls[target] = 0
			continue
		}
		command := strings.TrimSpace(line)
		if target == "" || !strings.HasPrefix(command, "RUN") {
			continue
		}
		m := earthMake.FindStringSubmatch(command)
		switch {
		case m == nil:
			wrong = append(wrong, fmt.Sprintf("line %d: target %s may only run `make TARGET`, not: %s", n+1, target, command))
		case !exists[m[1]]:
			wrong = append(wrong, fmt.Sprintf("line %d: the Makefile has no target %s", n+1, m[1]))
		default:
			calls[target]++
		}
	}
	for target, n := range calls {
		if n != 1 {
			wrong = append(wrong, fmt.Sprintf("target %s calls %d make targets, want one", target, n))
		}
	}
	if len(calls) == 0 {
		wrong = append(wrong, "there is no target")
	}
	return wrong
}

func TestEarthfileIsAThinFront(t *testing.T) {
	earthfile, err := os.ReadFile("../../Earthfile")
	require.NoError(t, err)
	makefile, err := os.ReadFile("../../Makefile")
	require.NoError(t, err)
	require.Empty(t, checkEarthfile(string(earthfile), string(makefile)))
}

func TestEarthfileCheckCanFail(t *testing.T) {
	const makefile = "build: ## x\nlint:\n"
	for name, c := range map[string]struct{ earthfile, want string }{
		"good":           {"# front\nVERSION 0.8\nFROM x\nRUN apt\nbuild:\n    RUN make build\n    SAVE ARTIFACT dist\n", ""},
		"no version":     {"FROM x\nbuild:\n    RUN make build\n", "VERSION must come first"},
		"unknown target": {"VERSION 0.8\nbuild:\n    RUN make bulid\n", "no target bulid"},
		"own work":       {"VERSION 0.8\nbuild:\n    RUN go build ./...\n", "may only run"},
		"two calls":      {"VERSION 0.8\nbuild:\n    RUN make build\n    RUN make lint\n", "calls 2"},
		"none":           {"VERSION 0.8\nbuild:\n    FROM x\n", "calls 0"},
		"empty":          {"VERSION 0.8\n", "no target"},
	} {
		wrong := strings.Join(checkEarthfile(c.earthfile, makefile), "\n")
		if c.want == "" {
			assert.Empty(t, wrong, name)
		} else {
			assert.Contains(t, wrong, c.want, name)
		}
	}
}
