package archtest

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

const module = "github.com/stylet-edge/stylet"

// The floors of docs/architecture.md. Arrows point down only; floors may be
// skipped. Higher numbers are higher floors.
const (
	floorAPI = iota
	floorClient
	floorBase
	floorCapability
	floorLifecycle
	floorActions
	floorFace
	floorAgent
	floorCommand
)

// floors gives each unit its floor. A unit is a folder with all below it,
// unless a longer entry takes a part out of it.
var floors = map[string]int{
	"cmd":                        floorCommand,
	"scripts":                    floorCommand,
	"internal/agent":             floorAgent,
	"internal/console":           floorFace,
	"internal/localui":           floorFace,
	"internal/hub":               floorFace,
	"internal/simulate":          floorFace,
	"internal/lab":               floorFace,
	"internal/lifecycle/actions": floorActions,
	"internal/lifecycle":         floorLifecycle,
	"internal/hardware":          floorCapability,
	"internal/site":              floorCapability,
	"internal/identity":          floorCapability,
	"internal/hostconfig":        floorCapability,
	"internal/content":           floorCapability,
	"internal/compose":           floorCapability,
	"internal/kairos":            floorCapability,
	"internal/kube":              floorCapability,
	"internal/endpoint":          floorCapability,
	"internal/network":           floorCapability,
	"internal/iso":               floorCapability,
	"internal/base":              floorBase,
	"pkg/client":                 floorClient,
	"pkg/api":                    floorAPI,
}

// unit finds the longest entry of floors that pkg, relative to the module, is in.
func unit(pkg string) (string, bool) {
	for dir := pkg; dir != "."; dir = path.Dir(dir) {
		if _, ok := floors[dir]; ok {
			return dir, true
		}
	}
	return "", false
}

// edge is one import between two packages of ours, relative to the module.
type edge struct{ from, to string }

func (e edge) String() string { return e.from + " -> " + e.to }

// judge says why an edge is not allowed, or nothing.
func judge(e edge) string {
	from, known := unit(e.from)
	if !known {
		return e.from + " is on no floor: add it to floors in internal/archtest"
	}
	to, known := unit(e.to)
	if !known {
		return e.to + " is on no floor: add it to floors in internal/archtest"
	}
	up, down := floors[from], floors[to]
	switch {
	case from == to && up == floorCommand:
		return "a program imports no other program"
	case from == to && up == floorAPI:
		return "an API version imports nothing of ours"
	case from == to:
		return ""
	case up < down:
		return "arrows point down only, and " + to + " is above " + from
	case up == down:
		return "units of one floor do not import each other: a floor above joins them"
	case up == floorClient || up == floorBase:
		if down != floorAPI {
			return from + " imports only pkg/api of ours"
		}
	case up == floorLifecycle && down == floorCapability:
		return "the engine knows no capability: adapt it in internal/lifecycle/actions, one file per action"
	}
	return ""
}

// vagueNames say nothing about what a package does, so anything ends up there.
var vagueNames = []string{"utils", "util", "common", "helpers", "helper", "misc", "shared"}

func vague(pkg string) string {
	for part := range strings.SplitSeq(pkg, "/") {
		if slices.Contains(vagueNames, part) {
			return fmt.Sprintf("%s: a package named %q says nothing, name what it does", pkg, part)
		}
	}
	return ""
}
