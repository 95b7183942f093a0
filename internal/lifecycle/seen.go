package lifecycle

import (
	"context"
	"time"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Boot is what the boot loader and stylet tell each other, read from the boot environment.
type Boot struct {
	Trial  string        `json:"trial,omitempty"` // short ID of the revision on trial
	Try    int           `json:"try,omitempty"`   // tries begun
	Good   v1alpha1.Slot `json:"good,omitempty"`  // what boots when nothing is on trial
	Failed string        `json:"failed,omitempty"`
}

// Seen is what the machine shows.
type Seen struct {
	Slot   v1alpha1.Slot        `json:"slot"`
	Image  v1alpha1.ImageRecord `json:"image"` // zero for the installer's image
	Boot   Boot                 `json:"boot"`
	BootID string               `json:"bootID"`
	// BootedAt is when this boot began, as the clock goes now: where a host learns the time from
	// the network, it moves.
	BootedAt time.Time `json:"bootedAt,omitzero"`
	// Uptime is the time since then, by a clock that nobody sets, and At the moment at which it was
	// read, with Go's monotonic reading: deadlines are counted by these two.
	Uptime time.Duration `json:"uptime,omitempty"`
	At     time.Time     `json:"at,omitzero"`
	// Host says which host this is.
	Host v1alpha1.HostInfo `json:"host,omitzero"`
	// MaxImageSize is the largest image file the slots have room for, in bytes; negative: it
	// could not be measured.
	MaxImageSize int64 `json:"maxImageSize"`
	// Verdict is the failure that the deadline timer recorded without the agent, if any.
	Verdict *Failure `json:"verdict,omitempty"`
	// Problems are things that could not be read or that the boot reported.
	Problems []string `json:"problems,omitempty"`
}

// DeadlineOf is when a trial that runs in this boot ends: now and what is left of its time.
func (s Seen) DeadlineOf(t Target, now time.Time) time.Time {
	return now.Add(Deadline(t) - s.Uptime - now.Sub(s.At))
}

// Observer reads the machine. Seen.At is filled in by who asks.
type Observer interface {
	Observe(ctx context.Context) (Seen, error)
}
