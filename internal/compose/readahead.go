package compose

import (
	"io"
	"sync"
)

// readAhead reads from a source in a goroutine of its own, at most aheadChunks ahead.
type readAhead struct {
	full  chan chunk
	free  chan []byte
	quit  chan struct{}
	once  sync.Once
	owned sync.WaitGroup

	current chunk
	unread  []byte
}

type chunk struct {
	data []byte
	err  error // after data
}

const (
	aheadChunks = 4
	aheadBytes  = mib
)

// startReadAhead starts the goroutine; stop ends it.
func startReadAhead(source io.Reader) *readAhead {
	r := &readAhead{
		full: make(chan chunk, aheadChunks),
		free: make(chan []byte, aheadChunks),
		quit: make(chan struct{}),
	}
	for range aheadChunks {
		r.free <- nil // made when first needed: most layers of tests are small
	}
	r.owned.Go(func() { r.fill(source) })
	return r
}

func (r *readAhead) fill(source io.Reader) {
	for {
		var buf []byte
		select {
		case buf = <-r.free:
		case <-r.quit:
			return
		}
		if buf == nil {
			buf = make([]byte, aheadBytes)
		}
		n, err := readUpTo(source, buf[:aheadBytes])
		select {
		case r.full <- chunk{buf[:n], err}:
		case <-r.quit:
			return
		}
		if err != nil {
			return
		}
	}
}

// readUpTo fills buf. Unlike io.ReadFull it keeps the source's own error, which tells an end from
// an early end.
func readUpTo(source io.Reader, buf []byte) (n int, err error) {
	for n < len(buf) && err == nil {
		var got int
		got, err = source.Read(buf[n:])
		n += got
	}
	return n, err
}

func (r *readAhead) Read(p []byte) (int, error) {
	for len(r.unread) == 0 {
		if r.current.err != nil {
			return 0, r.current.err
		}
		if r.current.data != nil {
			r.free <- r.current.data[:aheadBytes]
		}
		r.current = <-r.full
		r.unread = r.current.data
	}
	n := copy(p, r.unread)
	r.unread = r.unread[n:]
	return n, nil
}

// stop ends the goroutine and waits for it; a second call does nothing.
func (r *readAhead) stop() {
	r.once.Do(func() { close(r.quit) })
	r.owned.Wait()
}
