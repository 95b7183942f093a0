package command

import (
	"context"
	"io"
	"os"
	"time"

	"github.com/stylet-edge/stylet/internal/base/fault"
)

const (
	// unitPoll bounds the harm of a signal that never came, for example over a re-executed systemd.
	unitPoll = 5 * time.Second
	// linePoll is how soon a line reaches OnLine.
	linePoll = 300 * time.Millisecond
)

// follow waits for the unit's end, by systemd's signals, and hands over the lines meanwhile.
func follow(ctx context.Context, m *manager, name string, spec Spec, state unitState) (unitState, error) {
	lines := &transcriptReader{path: spec.Transcript, lines: lineSplitter{onLine: spec.OnLine}}
	defer lines.close()
	poll := time.NewTicker(unitPoll)
	defer poll.Stop()
	read := time.NewTicker(linePoll)
	defer read.Stop()
	for {
		if !state.loaded {
			return state, fault.New(fault.Retry, "command.unit-vanished", "",
				"the unit %s was removed before its result was collected", name)
		}
		if state.ended() {
			lines.read()
			return state, nil
		}
		select {
		case <-ctx.Done():
			return state, context.Cause(ctx)
		case <-read.C:
			lines.read()
			continue
		case change := <-m.changes:
			if change.UnitName != name {
				continue
			}
		case <-poll.C:
		}
		var err error
		if state, err = m.state(ctx, name); err != nil {
			return state, err
		}
	}
}

// transcriptReader hands over what has been added to a growing file.
type transcriptReader struct {
	path  string
	file  *os.File
	lines lineSplitter
}

// read hands over the lines that are new. A file that cannot be read costs the lines, not the run.
func (r *transcriptReader) read() {
	if r.lines.onLine == nil {
		return
	}
	if r.file == nil {
		file, err := os.Open(r.path)
		if err != nil {
			return
		}
		r.file = file
	}
	_, _ = io.Copy(&r.lines, r.file)
}

func (r *transcriptReader) close() {
	r.lines.flush()
	if r.file != nil {
		_ = r.file.Close()
	}
}
