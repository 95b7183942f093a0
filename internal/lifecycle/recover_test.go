package lifecycle

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// onTrial is the journal of a host that has armed v2 and is about to do the named step.
func onTrial(v1, v2 Target, from v1alpha1.Slot, next ActionName) Journal {
	j := committed(v1)
	seen := seeing(from, v1)
	j.startPlan(Diff(&v2, seen, j), time.Unix(1, 0))
	for i, s := range j.Plan.Steps {
		if s.Action == next {
			j.Step = i
		}
	}
	j.Trial = &Trial{Target: v2, From: v1.Revision, Good: v1alpha1.SlotPassive}
	j.Intent = &Intent{BootID: "boot"}
	return j
}

func types(events []v1alpha1.Event) []string {
	out := []string{}
	for _, e := range events {
		out = append(out, e.Type)
	}
	return out
}

// Requirement: A7
func TestRecover(t *testing.T) {
	v1, v2 := target("1.0.0"), target("2.0.0")
	id := v2.Revision.ID().Short()
	in := func(s Seen, boot Boot, bootID string) Seen { s.Boot, s.BootID = boot, bootID; return s }
	trial := in(seeing(v1alpha1.SlotActive, v2), Boot{Trial: id, Try: 1, Good: v1alpha1.SlotPassive}, "next")
	back := in(seeing(v1alpha1.SlotPassive, v1), Boot{Good: v1alpha1.SlotPassive, Failed: id}, "next")
	failedIn := func(boot string) Journal {
		j := onTrial(v1, v2, v1alpha1.SlotActive, Commit)
		j.Trial.Failure = &Failure{Revision: v2.Revision.ID(), Code: CodeGateFailed, Cause: "no answer", BootID: boot}
		return j
	}
	for name, c := range map[string]struct {
		j       Journal
		seen    Seen
		events  []string
		refused string
		plan    Class // "" for no plan left
		trial   bool  // still in the journal
	}{
		"a try begins":             {onTrial(v1, v2, v1alpha1.SlotActive, Restart), trial, []string{"trial.try"}, "", ClassImage, true},
		"tries used up":            {onTrial(v1, v2, v1alpha1.SlotActive, Restart), back, []string{"trial.failed", "trial.back"}, CodeBootFailed, "", false},
		"used up before switching": {onTrial(v1, v2, v1alpha1.SlotActive, Switch), in(seeing(v1alpha1.SlotPassive, v1), back.Boot, "next"), []string{"trial.armed-again"}, "", ClassImage, true},
		"a mark of last time":      {onTrial(v1, v2, v1alpha1.SlotPassive, ArmTrial), in(seeing(v1alpha1.SlotPassive, v1), back.Boot, "next"), []string{}, "", ClassImage, true},
		"cut before switching":     {onTrial(v1, v2, v1alpha1.SlotActive, Switch), in(seeing(v1alpha1.SlotActive, v1), Boot{Trial: id, Try: 1}, "next"), []string{"trial.armed-again"}, "", ClassImage, true},
		"image cannot be loaded":   {onTrial(v1, v2, v1alpha1.SlotActive, Restart), in(seeing(v1alpha1.SlotPassive, v1), Boot{Trial: id, Try: 1}, "next"), []string{"trial.failed"}, CodeBootFailed, ClassBack, true},
		"gate failed just now":     {failedIn("next"), trial, []string{"trial.failed"}, CodeGateFailed, ClassBack, true},
		"told, but not restarted":  {failedIn("next"), in(seeing(v1alpha1.SlotActive, v2), Boot{Good: v1alpha1.SlotPassive}, "next"), []string{"trial.failed"}, CodeGateFailed, ClassBack, true},
		"gone back":                {failedIn("before"), in(seeing(v1alpha1.SlotPassive, v1), Boot{Good: v1alpha1.SlotPassive}, "next"), []string{"trial.failed", "trial.back"}, CodeGateFailed, "", false},
		"deadline without agent": {
			onTrial(v1, v2, v1alpha1.SlotActive, Commit),
			func() Seen {
				s := in(seeing(v1alpha1.SlotPassive, v1), Boot{Good: v1alpha1.SlotPassive}, "next")
				s.Verdict = &Failure{Revision: v2.Revision.ID(), Code: CodeDeadline, Cause: "late", BootID: "before"}
				return s
			}(),
			[]string{"trial.failed", "trial.back"},
			CodeDeadline, "", false,
		},
		"an old verdict": {
			onTrial(v1, v2, v1alpha1.SlotActive, Commit),
			func() Seen { s := trial; s.Verdict = &Failure{Revision: v1.Revision.ID()}; s.Boot.Try = 0; return s }(),
			[]string{},
			"", ClassImage, true,
		},
		"committed, not recorded": {onTrial(v1, v2, v1alpha1.SlotActive, Commit), in(seeing(v1alpha1.SlotActive, v2), Boot{Good: v1alpha1.SlotActive}, "next"), []string{"trial.committed"}, "", ClassImage, false},
		"no trial":                {committed(v1), back, []string{}, "", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			before := c.j
			after, events := Recover(c.j, c.seen, time.Unix(100, 0))
			require.Equal(t, before, c.j, "the journal given is not changed")
			require.Equal(t, c.events, types(events))
			refusal, refused := after.RefusedFor(v2.Revision.ID())
			require.Equal(t, c.refused != "", refused)
			require.Equal(t, c.refused, refusal.Code)
			require.Equal(t, c.trial, after.Trial != nil)
			if c.plan == "" {
				require.Nil(t, after.Plan)
			} else {
				require.NotNil(t, after.Plan)
				require.Equal(t, c.plan, after.Plan.Class)
			}
			again, more := Recover(after, c.seen, time.Unix(101, 0))
			require.Empty(t, more, "a second look finds nothing new")
			require.Equal(t, after, again)
		})
	}
}

// A commit step that died after it told the boot loader goes on, to tidy up, and commits once.
func TestRecoverFinishesTheCommit(t *testing.T) {
	v1, v2 := target("1.0.0"), target("2.0.0")
	j := onTrial(v1, v2, v1alpha1.SlotActive, Commit)
	seen := seeing(v1alpha1.SlotActive, v2)
	seen.Boot, seen.BootID = Boot{Good: v1alpha1.SlotActive}, "next"
	after, _ := Recover(j, seen, time.Unix(100, 0))
	require.True(t, after.at(Commit), "its leftovers would stay until the next commit")
	require.Nil(t, after.Trial)
	committed := after.Committed
	require.Equal(t, v2.Revision, committed[len(committed)-1].Revision)
	after.commit(v2, time.Unix(101, 0)) // as the end of the step does
	require.Equal(t, committed, after.Committed, "committed once")
}

// A cut between the effect of arm-trial and its record: the boot that follows is a try, and arming
// again would take its count back, with it the deadline of the timer.
//
// Requirement: A7
func TestRecoverDoesNotArmTheTrialThatRuns(t *testing.T) {
	v1, v2 := target("1.0.0"), target("2.0.0")
	seen := seeing(v1alpha1.SlotActive, v2)
	seen.BootID, seen.Boot = "next", Boot{Trial: v2.Revision.ID().Short(), Try: 1, Good: v1alpha1.SlotPassive}

	j, _ := Recover(onTrial(v1, v2, v1alpha1.SlotPassive, ArmTrial), seen, time.Unix(100, 0))
	require.True(t, j.at(Commit))

	j, _ = Recover(onTrial(v1, v2, v1alpha1.SlotActive, Switch), seen, time.Unix(100, 0))
	require.True(t, j.at(Switch), "what the switch left behind is still to be put in order")

	j = onTrial(v1, v2, v1alpha1.SlotActive, Restart)
	j.Intent = nil
	j, _ = Recover(j, seen, time.Unix(100, 0))
	require.True(t, j.at(Commit), "a cut before the restart was asked for: another one would cost a try")

	j = onTrial(v1, v2, v1alpha1.SlotActive, Switch)
	j.disarmFirst("boot", time.Unix(99, 0))
	require.True(t, j.at(Disarm))
	j, _ = Recover(j, seen, time.Unix(100, 0))
	require.True(t, j.at(Switch), "what runs on trial is not disarmed")
}

// The order of an image's steps depends on the slot that runs. A plan that was made in the other one
// and has touched nothing is made anew.
//
// Requirement: A7
func TestRecoverMakesThePlanOfTheOtherSlotAnew(t *testing.T) {
	v1, v2 := target("1.0.0"), target("2.0.0")
	for _, made := range []v1alpha1.Slot{v1alpha1.SlotActive, v1alpha1.SlotPassive} {
		for _, now := range []v1alpha1.Slot{v1alpha1.SlotActive, v1alpha1.SlotPassive} {
			for _, next := range []ActionName{Compose, ArmTrial, Switch, Restart} {
				j := onTrial(v1, v2, made, next)
				touched := j.Step > slices.IndexFunc(j.Plan.Steps, func(s Step) bool { return s.Action == ArmTrial || s.Action == Switch })
				if touched && made == v1alpha1.SlotActive {
					continue // the trial is armed
				}
				j.Trial = nil
				after, events := Recover(j, seeing(now, v1), time.Unix(100, 0))
				if made == now || touched {
					require.Equal(t, j, after)
					require.Empty(t, events)
					continue
				}
				require.Nil(t, after.Plan, "made in %s, now in %s, at %s", made, now, next)
				require.Equal(t, []string{"plan.dropped"}, types(events))
			}
		}
	}
}

// The units of steps bear the plan's ID, and one that an earlier plan left behind must not be taken
// for a step of this one.
func TestNoPlanIsStartedTwiceUnderOneID(t *testing.T) {
	v1, v2 := target("1.0.0"), target("2.0.0")
	j := committed(v1)
	plan := Diff(&v2, seeing(v1alpha1.SlotActive, v1), j)
	j.startPlan(plan, time.Unix(1, 0))
	first := j.Plan.ID
	j.startPlan(plan, time.Unix(2, 0))
	require.NotEqual(t, first, j.Plan.ID)
	require.Len(t, j.Plan.ID, 8)
}

func TestWrongBytesAreNotFetchedAgainAndAgain(t *testing.T) {
	require.Equal(t, 15*time.Minute, delayAfter(codeCorrupt, 1, 1))
	require.Equal(t, 15*time.Minute, delayAfter(codeCorrupt, 6, 1), "after five failures of another kind")
	require.Equal(t, 6*time.Hour, delayAfter(codeCorrupt, 9, 9))
	require.Equal(t, time.Second, delayAfter("compose.damaged", 1, 1), "a power cut tears a file")
	require.Equal(t, 15*time.Minute, delayAfter("compose.damaged", 1, 2), "in another plan, so a first attempt")
	require.Equal(t, 6*time.Hour, delayAfter("compose.damaged", 1, 70))
	require.Equal(t, time.Second, delayAfter("registry.unreachable", 1, 3))
	require.Equal(t, 2*time.Minute, delayAfter("registry.unreachable", 99, 0))
}

// Wrong bytes are counted for a revision, whatever plan met them.
func TestWrongBytesAreCountedPerRevision(t *testing.T) {
	v1, v2, v3 := target("1.0.0"), target("2.0.0"), target("3.0.0")
	j := onTrial(v1, v2, v1alpha1.SlotActive, Switch)
	require.Equal(t, 1, j.spoil(v2.Revision.ID(), "torn"))
	j.dropPlan()
	require.Equal(t, 2, j.spoil(v2.Revision.ID(), "torn again"))
	j.Target, j.Trial = &v2, nil
	s := BuildStatus(j, seeing(v1alpha1.SlotActive, v1), v1alpha1.DesiredStatus{}, nil, time.Unix(1, 0))
	require.Equal(t, "torn again", s.Why)
	require.False(t, s.Fine)
	require.Equal(t, 1, j.spoil(v3.Revision.ID(), "other"))
}

func TestRunningNamesTheRevisionNotOnlyTheImage(t *testing.T) {
	first, second := target("1.0.0"), target("1.0.0", v1alpha1.File{Path: "/etc/a", Content: "a"})
	require.Equal(t, first.Revision.Image, second.Revision.Image)
	j := committed(first, second)
	require.Equal(t, second.Revision, j.Running(seeing(v1alpha1.SlotActive, first)), "the newest committed one")
	require.Equal(t, v1alpha1.Revision{}, Journal{}.Running(Seen{Slot: v1alpha1.SlotActive}), "the installer's image")
}
