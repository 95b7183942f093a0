package proxy

import (
	"net"
	"sync"
	"sync/atomic"
)

// Access is one thing that was asked of the proxy: a tunnel (CONNECT), or a request without TLS.
type Access struct {
	Method string
	// Host is HOST:PORT for a tunnel, the URL's host otherwise.
	Host string
	// Authorized says that the login was right, or that none is needed; Allowed that the host may be reached.
	Authorized, Allowed bool
	// Bytes went to the client over the connection on which this was asked.
	Bytes int64
}

// journal is what was asked. It may be used by several goroutines.
type journal struct {
	mu      sync.Mutex
	entries []entry
}

type entry struct {
	access Access
	client string
}

func (j *journal) add(a Access, client string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries = append(j.entries, entry{a, client})
}

// all gives the entries with the bytes that sent counts for their clients.
func (j *journal) all(sent func(client string) int64) []Access {
	j.mu.Lock()
	defer j.mu.Unlock()
	list := make([]Access, 0, len(j.entries))
	for _, e := range j.entries {
		e.access.Bytes = sent(e.client)
		list = append(list, e.access)
	}
	return list
}

// countingListener counts what each connection sends, and can end them all: http.Server forgets the
// connections of tunnels.
type countingListener struct {
	net.Listener
	mu    sync.Mutex
	known map[string]*countingConn // by the client's address
}

func newCountingListener(l net.Listener) *countingListener {
	return &countingListener{Listener: l, known: map[string]*countingConn{}}
}

// Accept implements net.Listener.
func (l *countingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	counting := &countingConn{Conn: conn}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.known[conn.RemoteAddr().String()] = counting
	return counting, nil
}

func (l *countingListener) sent(client string) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if conn := l.known[client]; conn != nil {
		return conn.bytes.Load()
	}
	return 0
}

func (l *countingListener) closeConnections() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, conn := range l.known {
		conn.Close()
	}
}

type countingConn struct {
	net.Conn
	bytes atomic.Int64
}

// Write implements net.Conn.
func (c *countingConn) Write(data []byte) (int, error) {
	n, err := c.Conn.Write(data)
	c.bytes.Add(int64(n))
	return n, err
}
