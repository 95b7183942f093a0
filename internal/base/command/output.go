package command

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// maxLine bounds what is held back while a line's end is awaited; longer lines come in pieces.
const maxLine = 64 << 10

// output takes what a program writes, from two pipes at once, to the transcript and the tail.
type output struct {
	mu    sync.Mutex
	file  *os.File // nil without a transcript
	err   error    // the first failed write of the transcript: the program must not suffer for it
	last  []byte
	lines *lineSplitter
}

// newOutput opens the transcript anew.
func newOutput(transcript string, onLine func(string)) (*output, error) {
	o := &output{lines: &lineSplitter{onLine: onLine}}
	if transcript == "" {
		return o, nil
	}
	file, err := openTranscript(transcript)
	if err != nil {
		return nil, err
	}
	o.file = file
	return o, nil
}

// openTranscript empties the file, and makes its directory when it is missing.
func openTranscript(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("opening the transcript: %w", err)
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the transcript: %w", err)
	}
	return file, nil
}

// Write never fails: a full disk under the transcript must not stop an upgrade half-way.
func (o *output) Write(data []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.file != nil && o.err == nil {
		_, o.err = o.file.Write(data)
	}
	o.last = append(o.last, data...)
	if len(o.last) > TailBytes {
		o.last = append([]byte(nil), o.last[len(o.last)-TailBytes:]...)
	}
	return len(data), nil
}

// stdout is the writer for the stream whose lines are wanted.
func (o *output) stdout() io.Writer {
	return io.MultiWriter(o, o.lines)
}

// close is called when no pipe writes any more: it hands over a last line without newline.
func (o *output) close() error {
	o.lines.flush()
	if o.file == nil {
		return nil
	}
	if err := o.file.Close(); o.err == nil {
		o.err = err
	}
	if o.err != nil {
		return fmt.Errorf("writing the transcript: %w", o.err)
	}
	return nil
}

func (o *output) tail() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.TrimSpace(strings.ToValidUTF8(string(o.last), "�"))
}

// lineSplitter calls onLine, which may be nil, for each line without its line end.
type lineSplitter struct {
	onLine func(string)
	rest   []byte
}

func (l *lineSplitter) Write(data []byte) (int, error) {
	if l.onLine == nil {
		return len(data), nil
	}
	l.rest = append(l.rest, data...)
	for {
		end := bytes.IndexByte(l.rest, '\n')
		if end < 0 {
			break
		}
		l.onLine(strings.TrimSuffix(string(l.rest[:end]), "\r"))
		l.rest = l.rest[end+1:]
	}
	if len(l.rest) > maxLine {
		l.flush()
	}
	return len(data), nil
}

func (l *lineSplitter) flush() {
	if l.onLine != nil && len(l.rest) > 0 {
		l.onLine(string(l.rest))
	}
	l.rest = nil
}
