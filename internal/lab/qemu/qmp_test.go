package qemu

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// player answers a monitor's commands as QEMU does, with one line for each.
func player(t *testing.T, conn net.Conn, answer func(name string, id int) string) {
	t.Helper()
	go func() {
		lines := bufio.NewScanner(conn)
		for lines.Scan() {
			var request struct {
				Execute string `json:"execute"`
				ID      int    `json:"id"`
			}
			if err := json.Unmarshal(lines.Bytes(), &request); err != nil {
				conn.Close()
				return
			}
			if text := answer(request.Execute, request.ID); text != "" {
				_, _ = fmt.Fprintln(conn, text)
			}
		}
	}()
}

func TestMonitorTellsEventsFromReplies(t *testing.T) {
	ours, theirs := net.Pipe()
	t.Cleanup(func() { ours.Close(); theirs.Close() })
	player(t, theirs, func(name string, id int) string {
		if name == "bad" {
			return fmt.Sprintf(`{"id": %d, "error": {"class": "GenericError", "desc": "no such disk"}}`, id)
		}
		return fmt.Sprintf("{\"event\": \"WATCHDOG\", \"data\": {\"action\": \"reset\"}}\n{\"return\": {}, \"id\": 99}\n{\"return\": {}, \"id\": %d}", id)
	})
	events := make(chan string, 3)
	m := newMonitor(ours, func(e event) { events <- e.Name })
	require.NoError(t, m.do(t.Context(), "good", nil))
	require.Equal(t, "WATCHDOG", <-events)
	require.ErrorContains(t, m.do(t.Context(), "bad", map[string]any{"a": 1}), "no such disk")
}

func TestMonitorThatDoesNotAnswerOrDies(t *testing.T) {
	ours, theirs := net.Pipe()
	t.Cleanup(func() { ours.Close() })
	player(t, theirs, func(string, int) string { return "" })
	m := newMonitor(ours, func(event) {})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, m.do(ctx, "query-status", nil), context.DeadlineExceeded)
	time.AfterFunc(20*time.Millisecond, func() { theirs.Close() })
	require.ErrorIs(t, m.do(t.Context(), "query-status", nil), errEnded)
}

// slowWriter is a connection whose writer goes on only after everybody else has done all they can.
type slowWriter struct{ net.Conn }

func (c slowWriter) Write(data []byte) (int, error) {
	n, err := c.Conn.Write(data)
	synctest.Wait()
	return n, err
}

// A late reply that was read before the one that is waited for must not keep it out.
func TestMonitorTakesTheNewestReply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		player(t, theirs, func(_ string, id int) string {
			return fmt.Sprintf("{\"return\": {}, \"id\": 99}\n{\"return\": {}, \"id\": %d}", id)
		})
		m := newMonitor(slowWriter{ours}, func(event) {})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		require.NoError(t, m.do(ctx, "good", nil))
		ours.Close()
		<-m.closed
		theirs.Close()
	})
}

func TestTheFirstReasonForAnEndCounts(t *testing.T) {
	for _, c := range []struct {
		events []string
		want   Ending
	}{
		{[]string{`{"event":"RTC_CHANGE","data":{"offset":0}}`, `{"event":"SHUTDOWN","data":{"guest":true,"reason":"guest-reset"}}`}, Reboot},
		{[]string{`{"event":"SHUTDOWN","data":{"guest":true,"reason":"guest-shutdown"}}`}, PowerOff},
		{[]string{`{"event":"WATCHDOG","data":{"action":"reset"}}`, `{"event":"SHUTDOWN","data":{"guest":true,"reason":"guest-reset"}}`}, Watchdog},
		{[]string{`{"event":"SHUTDOWN","data":{"guest":false,"reason":"host-signal"}}`}, ""},
	} {
		b := &Boot{}
		for _, line := range c.events {
			msg, err := parseMessage([]byte(line))
			require.NoError(t, err)
			b.onEvent(msg.event)
		}
		require.Equal(t, c.want, b.ending)
	}
}

func FuzzParseMessage(f *testing.F) {
	f.Add([]byte(`{"QMP": {"version": {"qemu": {"major": 7}}, "capabilities": ["oob"]}}`))
	f.Add([]byte(`{"return": {}, "id": 3}`))
	f.Add([]byte(`{"event":"SHUTDOWN","data":{"guest":true,"reason":"guest-reset"}}`))
	f.Add([]byte(`{"event":"SHUTDOWN","data":7}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		msg, err := parseMessage(line)
		if err != nil {
			require.Empty(t, msg.Name)
			return
		}
		b := &Boot{}
		b.onEvent(msg.event)
		require.Contains(t, []Ending{"", Reboot, PowerOff, Watchdog}, b.ending)
	})
}
