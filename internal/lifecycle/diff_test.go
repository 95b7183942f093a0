package lifecycle

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

var update = flag.Bool("update", false, "write the golden files anew")

// committed is a journal of a host that has committed the targets, in this order.
func committed(targets ...Target) Journal {
	j := Journal{SchemaVersion: JournalSchema}
	for i, t := range targets {
		j.commit(t, time.Unix(int64(i), 0).UTC())
	}
	return j
}

func seeing(slot v1alpha1.Slot, t Target) Seen {
	return Seen{Slot: slot, Image: v1alpha1.ImageRecord{ID: t.Revision.Image}, BootID: "boot", MaxImageSize: 1 << 30}
}

// TestDiff holds the plan for each kind of difference, as data: these files are what `stylet plan`
// shows and what a journal carries to the next boot.
//
// Requirement: A7, A8
func TestDiff(t *testing.T) {
	v1, v2 := target("1.0.0"), target("2.0.0")
	config := target("1.0.0", v1alpha1.File{Path: "/etc/a", Content: "a"})
	renamed := v1
	renamed.Profile.Metadata.Name = "shop"
	renamed.Revision.Profile = renamed.Profile.Digest()
	big := v2
	big.ImageSize = 2 << 30
	refusing := committed(v1)
	refusing.refuse(v2, Failure{Code: CodeGateFailed, Cause: "gate web: no answer"}, time.Unix(9, 0).UTC())
	for name, c := range map[string]struct {
		target *Target
		seen   Seen
		j      Journal
	}{
		"nothing-assigned":     {nil, seeing(v1alpha1.SlotActive, v1), committed(v1)},
		"as-wanted":            {&v1, seeing(v1alpha1.SlotActive, v1), committed(v1)},
		"as-wanted-passive":    {&v1, seeing(v1alpha1.SlotPassive, v1), committed(v1)},
		"first-profile":        {&v1, seeing(v1alpha1.SlotActive, Target{}), Journal{}},
		"image":                {&v2, seeing(v1alpha1.SlotActive, v1), committed(v1)},
		"image-from-passive":   {&v2, seeing(v1alpha1.SlotPassive, v1), committed(v1)},
		"config":               {&config, seeing(v1alpha1.SlotActive, v1), committed(v1)},
		"config-from-passive":  {&config, seeing(v1alpha1.SlotPassive, v1), committed(v1)},
		"record":               {&renamed, seeing(v1alpha1.SlotActive, v1), committed(v1)},
		"too-big":              {&big, seeing(v1alpha1.SlotActive, v1), committed(v1)},
		"room-unknown":         {&v2, func() Seen { s := seeing(v1alpha1.SlotActive, v1); s.MaxImageSize = -1; return s }(), committed(v1)},
		"refused":              {&v2, seeing(v1alpha1.SlotActive, v1), refusing},
		"recovery-changes-not": {&v2, seeing(v1alpha1.SlotRecovery, v1), committed(v1)},
	} {
		t.Run(name, func(t *testing.T) {
			plan := Diff(c.target, c.seen, c.j)
			require.Equal(t, plan, Diff(c.target, c.seen, c.j), "pure")
			shown := struct {
				Class   Class    `json:"class"`
				Why     string   `json:"why"`
				Steps   []Step   `json:"steps,omitempty"`
				Refusal *Failure `json:"refusal,omitempty"`
			}{plan.Class, plan.Why, plan.Steps, plan.Refusal}
			data, err := json.MarshalIndent(shown, "", "  ")
			require.NoError(t, err)
			golden(t, "diff/"+name+".json", append(data, '\n'))
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
		require.NoError(t, os.WriteFile(path, got, 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run the test with -update, and read what it writes")
	require.Equal(t, string(want), string(got))
}

func TestAnUnchangedProfileCausesNoStep(t *testing.T) {
	v1 := target("1.0.0", v1alpha1.File{Path: "/etc/a", Content: "a"})
	plan := Diff(&v1, seeing(v1alpha1.SlotActive, v1), committed(v1))
	require.True(t, plan.Empty())
	require.Nil(t, plan.Refusal)
}
