package lifecycle

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// EventLog is the host's history: one JSON object per line, appended and synced, in two files of
// at most maxEventBytes each, so that it never fills the disk.
type EventLog struct{ root *durable.Root }

const (
	eventFile     = "events.jsonl"
	oldEventFile  = "events.1.jsonl"
	maxEventBytes = 1 << 20
)

// NewEventLog keeps the history in the given directory.
func NewEventLog(root *durable.Root) EventLog { return EventLog{root} }

// Append adds events.
func (l EventLog) Append(events ...v1alpha1.Event) error {
	if len(events) == 0 {
		return nil
	}
	var lines bytes.Buffer
	if l.torn() {
		lines.WriteByte('\n') // the line that a power cut left unfinished ends here
	}
	for _, e := range events {
		data, err := json.Marshal(e)
		if err != nil {
			return fmt.Errorf("encoding an event: %w", err)
		}
		lines.Write(append(data, '\n'))
	}
	if info, err := l.root.Stat(eventFile); err == nil && info.Size() > maxEventBytes {
		if err := l.root.Rename(eventFile, oldEventFile); err != nil {
			return fmt.Errorf("rotating the history: %w", err)
		}
	}
	return l.root.Append(eventFile, lines.Bytes(), 0o600)
}

func (l EventLog) torn() bool {
	f, err := l.root.OpenFile(eventFile, 0, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return false
	}
	last := make([]byte, 1)
	_, err = f.ReadAt(last, info.Size()-1)
	return err == nil && last[0] != '\n'
}

// Read gives the history, the oldest event first. Lines that are not events (a power cut may
// leave one) are skipped.
func (l EventLog) Read() ([]v1alpha1.Event, error) {
	var events []v1alpha1.Event
	for _, name := range []string{oldEventFile, eventFile} {
		data, err := l.root.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading the history: %w", err)
		}
		events = append(events, parseEvents(data)...)
	}
	return events, nil
}

func parseEvents(data []byte) []v1alpha1.Event {
	var events []v1alpha1.Event
	for line := range bytes.Lines(data) {
		var e v1alpha1.Event
		if err := json.Unmarshal(line, &e); err == nil && e.Type != "" {
			events = append(events, e)
		}
	}
	return events
}
