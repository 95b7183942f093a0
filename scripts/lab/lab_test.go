package main

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRelayCopiesBothWaysUntilTheServerEnds(t *testing.T) {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { server.Close() })
	go func() {
		conn, err := server.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		asked, _ := io.ReadAll(conn)
		_, _ = conn.Write([]byte("answer to " + string(asked)))
	}()
	var out bytes.Buffer
	require.NoError(t, relay(server.Addr().String(), strings.NewReader("question"), &out))
	require.Equal(t, "answer to question", out.String())
}

func TestKeysReachTheMachineUntilTheHangUpKey(t *testing.T) {
	var pressed strings.Builder
	press := func(keys string) error { _, err := pressed.WriteString(keys); return err }
	require.NoError(t, typeKeys(strings.NewReader("root\x03\n\x1dnever"), press))
	require.Equal(t, "root\x03\n", pressed.String())
	require.NoError(t, typeKeys(strings.NewReader("end of input"), press))
	require.ErrorIs(t, typeKeys(strings.NewReader("x"), func(string) error { return net.ErrClosed }), net.ErrClosed)
}
