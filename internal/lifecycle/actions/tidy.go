package actions

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/internal/compose"
	"github.com/stylet-edge/stylet/internal/content"
	"github.com/stylet-edge/stylet/internal/lifecycle"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Tidier removes from the state directory what no revision needs that runs, may run again, or is
// wanted: blobs, composed images, rendered configurations, and old transcripts. What may go is
// read from the journal and the running image's record, whatever happened before: a commit, a
// refusal, a way back, a plan that another one replaced, a cut in the middle of tidying.
type Tidier struct {
	State   *durable.Root
	Content *content.Store
	// Running gives the record of the running image, whose layers stay even if the journal was lost.
	Running func() (v1alpha1.ImageRecord, error)
}

const (
	// tidyEvery is how often the agent tidies: a look at four small directories, and no write if
	// nothing is to go.
	tidyEvery = time.Minute
	// keepTranscripts is how many transcripts stay, the newest: a step that keeps failing leaves one
	// every two minutes.
	keepTranscripts = 50
	// tidyLock is held while the Tidier works, and by the actions inside the agent while they bring
	// in what it might take for forgotten, having read the journal before their plan was in it.
	tidyLock = "tidy.lock"
	// lockPatience is how long a tidying waits for such an action. One that downloads for hours
	// tidies for itself if it lacks room.
	lockPatience = 5 * time.Second
)

// How many of the images committed last keep their layers.
const (
	allRemembered = math.MaxInt
	// bothSlots leaves out the predecessors of what the slots hold: they spare a download if a site
	// returns to them, which is worth less than the room for what is wanted now.
	bothSlots = 2
)

// Keep tidies again and again until ctx ends, and tells what could not be done.
func (t Tidier) Keep(ctx context.Context, problem func(error)) {
	tick := time.NewTicker(tidyEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := t.Tidy(ctx); err != nil && ctx.Err() == nil {
			problem(err)
		}
	}
}

// Tidy tidies once, unless an action that holds the lock is busy for long.
func (t Tidier) Tidy(ctx context.Context) error { return t.unlessBusy(ctx, allRemembered) }

// MakeRoom is Tidy that also gives up what is kept only to spare a download.
func (t Tidier) MakeRoom(ctx context.Context) error { return t.unlessBusy(ctx, bothSlots) }

func (t Tidier) unlessBusy(ctx context.Context, images int) (err error) {
	waiting, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	unlock, err := t.State.Lock(waiting, tidyLock)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	return t.tidy(ctx, images)
}

// tidy does the work. The caller holds the lock.
func (t Tidier) tidy(ctx context.Context, images int) error {
	var j lifecycle.Journal
	if err := t.State.ReadJSON(lifecycle.JournalFile, &j); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // nothing was ever wanted of this host
		}
		return fmt.Errorf("tidying: %w", err) // without the journal nothing is known to be forgotten
	}
	running, err := t.Running()
	if err != nil {
		return fmt.Errorf("tidying: %w", err)
	}
	_, err = t.Content.GC(neededBlobs(j, running, images))
	return errors.Join(err, t.images(ctx, j), t.revisions(j), t.transcripts(j))
}

// neededBlobs are those of the running image, of what is wanted, planned or on trial, and of so
// many of the images committed last. The slots hold no others: a committed image, the one
// committed before it, and perhaps one that failed.
func neededBlobs(j lifecycle.Journal, running v1alpha1.ImageRecord, images int) map[v1alpha1.Digest]bool {
	keep := map[v1alpha1.Digest]bool{running.Manifest.Agent: true}
	for _, l := range running.Manifest.Layers {
		keep[l.Content] = true
	}
	for _, target := range targets(j) {
		for _, l := range layers(target) {
			keep[l.Content.Digest] = true
		}
	}
	known := map[v1alpha1.Digest]bool{}
	for _, c := range slices.Backward(j.Committed) {
		if known[c.Revision.Image] = true; len(known) > images {
			break
		}
		for _, d := range c.Contents {
			keep[d] = true
		}
	}
	return keep
}

// targets are what is wanted, planned and on trial.
func targets(j lifecycle.Journal) []lifecycle.Target {
	var out []lifecycle.Target
	if j.Target != nil {
		out = append(out, *j.Target)
	}
	if j.Plan != nil {
		out = append(out, j.Plan.Target)
	}
	if j.Trial != nil {
		out = append(out, j.Trial.Target)
	}
	return out
}

// images removes all composed images but the one that is still to be switched to: the slots hold
// their own copies, and an image can be composed from the blobs once more.
func (t Tidier) images(ctx context.Context, j lifecycle.Journal) error {
	if _, err := t.State.Stat("images"); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	keep := map[string]bool{}
	if p := j.Plan; p != nil && j.Step < len(p.Steps) && slices.ContainsFunc(p.Steps[max(j.Step, 0):], isSwitch) {
		keep[path.Base(imageFile(p.Target))] = true
	}
	return compose.Tidy(ctx, t.State.Path("images"), keep)
}

func isSwitch(s lifecycle.Step) bool { return s.Action == lifecycle.Switch }

// revisions removes the configurations, and the user-data, of revisions that no boot lays over an image
// any more.
func (t Tidier) revisions(j lifecycle.Journal) error {
	keep, users := map[string]bool{}, map[string]bool{}
	for _, target := range targets(j) {
		keep[RenderedFile(target.Revision)] = true
		users[UserDataFile(target.UserData)] = true
	}
	for _, c := range j.Committed {
		name := RenderedFile(c.Revision)
		var rendered Rendered
		if err := t.State.ReadJSON(name, &rendered); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err // whose user-data is needed cannot be told
		}
		keep[name], users[UserDataFile(rendered.Config.UserData)] = true, true
	}
	return errors.Join(t.removeBut("revisions", func(name string) bool { return keep[name] }),
		// What was applied is of no revision yet.
		t.removeBut(UserDataDir, func(name string) bool { return users[name] || strings.HasPrefix(name, UserDataDir+"/applied.") }))
}

// removeBut removes the files of a directory that are not to be kept.
func (t Tidier) removeBut(dir string, kept func(name string) bool) error {
	entries, err := t.State.ReadDir(dir)
	for _, entry := range entries {
		if name := dir + "/" + entry.Name(); !kept(name) {
			err = errors.Join(err, t.State.RemoveAll(name))
		}
	}
	return err
}

// transcripts removes all but the newest transcripts. The one of the step that runs stays even if a
// clock that was set back makes it look old: its end tells how the step ended.
func (t Tidier) transcripts(j lifecycle.Journal) error {
	current := ""
	if j.Plan != nil && j.Intent != nil && j.Step >= 0 && j.Step < len(j.Plan.Steps) {
		current = stepName(*j.Plan, j.Step, j.Intent.Attempt) + transcriptSuffix
	}
	entries, err := t.State.ReadDir("transcripts")
	if len(entries) <= keepTranscripts {
		return err
	}
	written := func(e fs.DirEntry) int64 {
		info, err := e.Info()
		if err != nil {
			return 0
		}
		return info.ModTime().UnixNano()
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(written(b), written(a)) })
	for _, entry := range entries[keepTranscripts:] {
		if entry.Name() != current {
			err = errors.Join(err, t.State.RemoveAll("transcripts/"+entry.Name()))
		}
	}
	return err
}
