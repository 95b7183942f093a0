// Package timeserver runs a real time server (Debian's chrony) on the loopback interface, which a virtual
// machine reaches at port 123 of its gateway. It does not touch this machine's clock, nor its packages: an
// installed chrony would put itself into the place of the machine's own time service.
package timeserver

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/stylet-edge/stylet/internal/lab/process"
)

// Server is a running time server.
type Server struct {
	process *process.Process
	log     *os.File
}

// configuration: the machine's own clock counts as good (local), and nothing but the service's port is open.
const configuration = `local stratum 3
bindaddress 127.0.0.1
port 123
allow 127.0.0.1
cmdport 0
pidfile %[1]s/chronyd.pid
driftfile %[1]s/drift
bindcmdaddress /
`

// Start starts a server that keeps its files, and the program itself, in dir. It ends by Stop.
func Start(ctx context.Context, dir string) (*Server, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("starting the time server: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("starting the time server: %w", err)
	}
	program := filepath.Join(dir, "root/usr/sbin/chronyd")
	if _, err := os.Stat(program); err != nil {
		if err := unpack(ctx, dir); err != nil {
			return nil, fmt.Errorf("fetching chrony: %w", err)
		}
	}
	config := filepath.Join(dir, "chrony.conf")
	if err := os.WriteFile(config, fmt.Appendf(nil, configuration, dir), 0o644); err != nil {
		return nil, fmt.Errorf("starting the time server: %w", err)
	}
	s := &Server{}
	if s.log, err = os.Create(filepath.Join(dir, "chronyd.log")); err != nil {
		return nil, fmt.Errorf("starting the time server: %w", err)
	}
	// -x: never set the clock; -d: in the foreground; root, as the port is a privileged one.
	s.process, err = process.Start(process.Spec{
		Argv: []string{program, "-x", "-d", "-u", "root", "-f", config}, Stdout: s.log, Stderr: s.log,
	})
	if err != nil {
		s.log.Close()
		return nil, fmt.Errorf("starting the time server: %w", err)
	}
	return s, nil
}

// unpackScript fetches Debian's package and unpacks it. Its libraries come with QEMU.
const unpackScript = `set -eu
cd "$1"
apt-get download -q chrony >/dev/null
for package in *.deb; do dpkg -x "$package" root; rm "$package"; done`

func unpack(ctx context.Context, dir string) error {
	_, err := process.Output(ctx, "sh", "-c", unpackScript, "sh", dir)
	return err
}

// Stop ends the server.
func (s *Server) Stop() {
	s.process.Stop()
	s.log.Close()
}

// Said is the server's log, for a report of a failure.
func (s *Server) Said() string {
	text, err := os.ReadFile(s.log.Name())
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(text))
}
