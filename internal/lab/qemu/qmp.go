package qemu

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"
)

// event is something that QEMU tells without being asked.
type event struct {
	Name string          `json:"event"`
	Data json.RawMessage `json:"data"`
}

// reply is QEMU's answer to the command with the same ID.
type reply struct {
	ID     int             `json:"id"`
	Return json.RawMessage `json:"return"`
	Error  *struct {
		Class string `json:"class"`
		Desc  string `json:"desc"`
	} `json:"error"`
}

// message is one line from QEMU: a greeting, an event or a reply.
type message struct {
	Greeting json.RawMessage `json:"QMP"`
	event
	reply
}

// parseMessage reads one line of the monitor protocol.
func parseMessage(line []byte) (message, error) {
	var m message
	if err := json.Unmarshal(line, &m); err != nil {
		return message{}, fmt.Errorf("reading the monitor's line %q: %w", line, err)
	}
	return m, nil
}

var errEnded = errors.New("the machine has ended")

// monitor speaks QMP, QEMU's machine protocol.
type monitor struct {
	conn    net.Conn
	onEvent func(event)
	replies chan reply
	turn    sync.Mutex // one command at a time
	lastID  int
	closed  chan struct{}
	err     error
}

// newMonitor starts reading from conn; onEvent is called for each event, in order.
func newMonitor(conn net.Conn, onEvent func(event)) *monitor {
	m := &monitor{conn: conn, onEvent: onEvent, replies: make(chan reply, 1), closed: make(chan struct{})}
	go m.read()
	return m
}

func (m *monitor) read() {
	defer close(m.closed)
	lines := bufio.NewScanner(m.conn)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		msg, err := parseMessage(lines.Bytes())
		switch {
		case err != nil:
			m.err = err
			return
		case msg.Greeting != nil:
		case msg.Name != "":
			m.onEvent(msg.event)
		default:
			select {
			case <-m.replies: // a late one, for somebody who gave up: it must not keep this one out
			default:
			}
			m.replies <- msg.reply // nobody else sends: there is room
		}
	}
	m.err = lines.Err()
}

// do sends one command and waits for its reply.
func (m *monitor) do(ctx context.Context, command string, arguments map[string]any) error {
	m.turn.Lock()
	defer m.turn.Unlock()
	m.lastID++
	request := map[string]any{"execute": command, "id": m.lastID}
	if arguments != nil {
		request["arguments"] = arguments
	}
	line, err := json.Marshal(request)
	if err != nil {
		return fmt.Errorf("asking QEMU to %s: %w", command, err)
	}
	if _, err := m.conn.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("asking QEMU to %s: %w", command, err)
	}
	for {
		select {
		case r := <-m.replies:
			if r.ID != m.lastID {
				continue // late, for somebody who gave up
			}
			if r.Error != nil {
				return fmt.Errorf("QEMU refuses to %s: %s: %s", command, r.Error.Class, r.Error.Desc)
			}
			return nil
		case <-m.closed:
			return fmt.Errorf("asking QEMU to %s: %w", command, errEnded)
		case <-ctx.Done():
			return fmt.Errorf("asking QEMU to %s: %w", command, context.Cause(ctx))
		}
	}
}
