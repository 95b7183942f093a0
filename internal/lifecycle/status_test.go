package lifecycle

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// The first word answers "is it fine?", and agrees with what scripts read.
//
// Requirement: U2
func TestStatusAnswersFirst(t *testing.T) {
	v1, v2 := target("1.0.0"), target("2.0.0")
	now := time.Unix(1000, 0).UTC()
	runs := seeing(v1alpha1.SlotActive, v1)
	wanting := func(j Journal, t Target) Journal { j.Target = &t; return j }
	working := wanting(committed(v1), v2)
	working.startPlan(Diff(&v2, runs, working), time.Unix(1, 0))
	refusing := wanting(committed(v1), v2)
	refusing.refuse(v2, Failure{Code: CodeGateFailed, Cause: "gate web: no answer"}, now)
	proving := onTrial(v1, v2, v1alpha1.SlotActive, Commit)
	onIt := seeing(v1alpha1.SlotActive, v2)
	onIt.Boot = Boot{Trial: v2.Revision.ID().Short(), Try: 1}
	goingBack := proving
	failed := *proving.Trial
	failed.Failure = &Failure{Code: CodeGateFailed, Cause: "gate web: no answer"}
	goingBack.Trial = &failed
	noRoom := runs
	noRoom.MaxImageSize, noRoom.Problems = -1, []string{"measuring the room: input/output error"}
	problem := runs
	problem.Problems = []string{"the boot environment cannot be read"}
	for name, c := range map[string]struct {
		j      Journal
		seen   Seen
		source v1alpha1.DesiredStatus
		begins string
		fine   bool
		holds  string
	}{
		"as wanted":        {wanting(committed(v1), v1), runs, v1alpha1.DesiredStatus{}, "FINE: runs store 1.0.0 (active), as wanted", true, ""},
		"working":          {working, runs, v1alpha1.DesiredStatus{}, "WORKING: ", true, "the image differs"},
		"proving":          {proving, onIt, v1alpha1.DesiredStatus{}, "PROVING: store 2.0.0", true, ""},
		"refused":          {refusing, runs, v1alpha1.DesiredStatus{}, "NOT FINE: runs store 1.0.0 (active); store 2.0.0 was refused", false, "gate web: no answer"},
		"going back":       {goingBack, onIt, v1alpha1.DesiredStatus{}, "GOING BACK: store 2.0.0", false, "gate web: no answer"},
		"gone back":        {goingBack, runs, v1alpha1.DesiredStatus{}, "GOING BACK: store 2.0.0", false, "gate web: no answer"},
		"no room known":    {wanting(committed(v1), v2), noRoom, v1alpha1.DesiredStatus{}, "NOT FINE: measuring the room", false, "could not be measured"},
		"nothing wanted":   {Journal{}, seeing(v1alpha1.SlotActive, Target{}), v1alpha1.DesiredStatus{}, "WAITING: runs the installer's image (active)", true, ""},
		"no answer yet":    {Journal{}, seeing(v1alpha1.SlotActive, Target{}), v1alpha1.DesiredStatus{Problem: "no route", Remedy: "plug it in"}, "WAITING: ", false, "no route"},
		"recovery":         {committed(v1), seeing(v1alpha1.SlotRecovery, v1), v1alpha1.DesiredStatus{}, "NOT FINE: ", false, ""},
		"a host problem":   {wanting(committed(v1), v1), problem, v1alpha1.DesiredStatus{}, "NOT FINE: the boot environment", false, ""},
		"source is silent": {wanting(committed(v1), v1), runs, v1alpha1.DesiredStatus{Problem: "no route"}, "FINE: ", true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := BuildStatus(c.j, c.seen, c.source, nil, now)
			require.True(t, strings.HasPrefix(s.Summary, c.begins), s.Summary)
			require.Equal(t, c.fine, s.Fine)
			require.Contains(t, s.Why, c.holds)
			if c.j.Target == nil {
				require.Contains(t, s.Next, c.source.Remedy)
			}
		})
	}
}

// The deadline that is shown is told by the clock as it goes now, whatever it said at boot.
func TestDeadlineIsCountedFromTheBoot(t *testing.T) {
	v2 := target("2.0.0")
	now := time.Unix(1_000_000, 0).UTC()
	seen := seeing(v1alpha1.SlotActive, v2)
	seen.Boot = Boot{Trial: v2.Revision.ID().Short(), Try: 1}
	seen.BootedAt = time.Unix(0, 0) // before the clock was set
	seen.Uptime, seen.At = 2*time.Minute, now.Add(-3*time.Minute)
	s := BuildStatus(onTrial(target("1.0.0"), v2, v1alpha1.SlotActive, Commit), seen, v1alpha1.DesiredStatus{}, nil, now)
	require.NotNil(t, s.Trial)
	require.Equal(t, now.Add(10*time.Minute), s.Trial.Deadline)
}
