//go:build component

package timeserver

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The server answers a question as RFC 5905 has it, as a server that has the time.
func TestServerTellsTheTime(t *testing.T) {
	s, err := Start(t.Context(), t.TempDir())
	require.NoError(t, err)
	defer s.Stop()
	answer := make([]byte, 48)
	require.Eventually(t, func() bool {
		conn, err := net.Dial("udp", "127.0.0.1:123")
		if err != nil {
			return false
		}
		defer conn.Close()
		question := make([]byte, 48)
		question[0] = 0x23 // version 4, client
		if _, err := conn.Write(question); err != nil {
			return false
		}
		_ = conn.SetReadDeadline(time.Now().Add(time.Second))
		n, err := conn.Read(answer)
		return err == nil && n == 48
	}, 10*time.Second, 100*time.Millisecond, "%s", s.Said())
	require.Zero(t, answer[0]>>6, "it is synchronized")
	require.Equal(t, byte(3), answer[1], "the stratum of its configuration")
}
