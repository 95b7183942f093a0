package main

import (
	"io"
	"net"
	"os"

	"github.com/spf13/cobra"
)

// newRelayCommand makes `lab relay`, which QEMU starts for each of a guest's connections.
func newRelayCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "relay ADDRESS",
		Short:  "Connect standard input and output to a TCP address",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return relay(args[0], os.Stdin, os.Stdout)
		},
	}
}

// relay copies both ways until the server has nothing more to say.
func relay(address string, in io.Reader, out io.Writer) error {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	go func() {
		_, _ = io.Copy(conn, in) // the guest's end is told to the server below
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.CloseWrite()
		}
	}()
	_, err = io.Copy(out, conn)
	return err
}
