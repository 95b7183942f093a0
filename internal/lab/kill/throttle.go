package kill

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// throttle passes TCP connections on to one address, at a bounded rate in the answers' direction:
// without it a download from this machine is over before it can be interrupted.
type throttle struct {
	// Address is HOST:PORT to connect to.
	Address string

	listener net.Listener
	target   string
	rate     int64 // bytes a second
	open     sync.WaitGroup
}

func newThrottle(ctx context.Context, target string, rate int64) (*throttle, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for the registry: %w", err)
	}
	t := &throttle{Address: listener.Addr().String(), listener: listener, target: target, rate: rate}
	t.open.Go(t.accept)
	return t, nil
}

// stop ends it; connections end when either side closes them.
func (t *throttle) stop() {
	_ = t.listener.Close()
	t.open.Wait()
}

func (t *throttle) accept() {
	for {
		client, err := t.listener.Accept()
		if err != nil {
			return // stopped
		}
		go t.relay(client)
	}
}

func (t *throttle) relay(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", t.target) //nolint:noctx // ends with the client's connection
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		_, _ = io.Copy(server, client)
		_ = server.Close() // the client is gone: the registry hears of it at once
	}()
	// Small buffers: what is in flight when the client dies was served in vain.
	if c, ok := server.(*net.TCPConn); ok {
		_ = c.SetReadBuffer(64 << 10)
	}
	t.pass(client, server)
}

// pass copies the answers, piece after piece, each not before its time. Time that was not used by
// more than slack ago is lost: an idle connection saves up nothing.
func (t *throttle) pass(client io.Writer, server io.Reader) {
	const piece, slack = 32 << 10, 200 * time.Millisecond
	next := time.Now()
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		n, err := io.CopyN(client, server, piece)
		if err != nil {
			return
		}
		<-pause.C
		if earliest := time.Now().Add(-slack); next.Before(earliest) {
			next = earliest
		}
		next = next.Add(time.Duration(n * int64(time.Second) / t.rate))
		pause.Reset(time.Until(next))
	}
}
