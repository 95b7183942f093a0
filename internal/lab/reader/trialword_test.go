package reader

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

func TestTheKernelMustBeToldOfTheTrialThatRuns(t *testing.T) {
	trial := Decision{Slot: v1alpha1.SlotActive, Trial: "0123abc", Try: 1}
	for name, c := range map[string]struct {
		line string
		run  Running
		ok   bool
	}{
		"no trial":                {"quiet", Running{Slot: v1alpha1.SlotActive}, true},
		"a trial":                 {"quiet stylet.trial=0123abc\n", Running{Slot: v1alpha1.SlotActive, Boot: trial}, true},
		"not told":                {"quiet", Running{Slot: v1alpha1.SlotActive, Boot: trial}, false},
		"another one":             {"stylet.trial=ffff", Running{Slot: v1alpha1.SlotActive, Boot: trial}, false},
		"told, and nothing tried": {"stylet.trial=0123abc", Running{Slot: v1alpha1.SlotActive}, false},
		"active not loaded":       {"quiet", Running{Slot: v1alpha1.SlotPassive, Boot: trial}, true},
		"passive told":            {"stylet.trial=0123abc", Running{Slot: v1alpha1.SlotPassive, Boot: trial}, false},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.ok, checkTrialWord(c.line, c.run) == nil) })
	}
}
