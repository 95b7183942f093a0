package lifecycle

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/stylet-edge/stylet/internal/base/durable"
)

// LoadJournal reads the journal of a state directory; a host without one starts with an empty
// journal. A damaged journal is moved aside, never overwritten, and named in the error, which
// comes with an empty journal to go on with: what runs can be read from the machine.
func LoadJournal(root *durable.Root, now time.Time) (Journal, error) {
	empty := Journal{SchemaVersion: JournalSchema}
	var j Journal
	err := root.ReadJSON(JournalFile, &j)
	switch {
	case err == nil:
		j.SchemaVersion = JournalSchema
		j.keepSound()
		return j, nil
	case errors.Is(err, fs.ErrNotExist):
		return empty, nil
	}
	aside := fmt.Sprintf("%s.damaged-%d", JournalFile, now.Unix())
	if moveErr := root.Rename(JournalFile, aside); moveErr != nil {
		return empty, errors.Join(err, moveErr)
	}
	return empty, fmt.Errorf("the journal was moved to %s: %w", aside, err)
}

// keepSound drops what cannot be carried on with, whoever wrote it: a plan without a next step, a
// trial of nothing. The next comparison makes a new plan.
func (j *Journal) keepSound() {
	if j.Plan != nil && (j.Step < 0 || j.Step >= len(j.Plan.Steps)) {
		j.dropPlan()
	}
	if j.Trial != nil && j.Trial.Target.Revision.ID() == "" {
		j.Trial = nil
	}
}

// SaveJournal writes the journal, atomically and durably.
func SaveJournal(root *durable.Root, j Journal) error {
	if err := root.WriteJSON(JournalFile, j); err != nil {
		return fmt.Errorf("saving the journal: %w", err)
	}
	return nil
}
