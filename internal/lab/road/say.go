package road

import (
	"bytes"
	"sync"

	"github.com/stylet-edge/stylet/internal/lab/phase"
)

// sayLines passes a program's lines on to the reporter.
type sayLines struct {
	report *phase.Reporter
	mu     sync.Mutex
	rest   []byte
}

// Write takes output of the program.
func (s *sayLines) Write(data []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rest = append(s.rest, data...)
	for {
		line, rest, complete := bytes.Cut(s.rest, []byte("\n"))
		if !complete {
			return len(data), nil
		}
		if text := bytes.TrimSpace(line); len(text) > 0 {
			s.report.Say("%s", text)
		}
		s.rest = rest
	}
}
