// Package registry runs a real OCI registry (Debian's docker-registry) on the loopback interface,
// with its storage in a folder, and counts what it serves.
package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/stylet-edge/stylet/internal/lab/process"
)

// Registry is a running registry.
type Registry struct {
	// Address is HOST:PORT.
	Address string

	process *process.Process
	log     *accessLog
	output  *os.File
}

const configuration = `version: 0.1
log:
  level: warn
  accesslog:
    disabled: false
storage:
  filesystem:
    rootdirectory: %s
  maintenance:
    uploadpurging:
      enabled: false
http:
  addr: %s
  relativeurls: true
`

// startTime bounds the registry's start, pollTime the time between two looks.
const (
	startTime = 30 * time.Second
	pollTime  = 50 * time.Millisecond
)

// Start starts a registry whose content is in dir, below what was there before. What it says is
// added to dir/registry.log.
func Start(ctx context.Context, dir string) (*Registry, error) {
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, fmt.Errorf("starting the registry: %w", err)
	}
	r := &Registry{Address: address, log: &accessLog{}}
	if err := r.start(ctx, dir); err != nil {
		return nil, fmt.Errorf("starting the registry in %s: %w", dir, err)
	}
	return r, nil
}

func (r *Registry) start(ctx context.Context, dir string) error {
	storage, err := filepath.Abs(filepath.Join(dir, "storage"))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(storage, 0o755); err != nil {
		return err
	}
	config := filepath.Join(dir, "registry.yaml")
	if err := os.WriteFile(config, fmt.Appendf(nil, configuration, storage, r.Address), 0o644); err != nil {
		return err
	}
	r.output, err = os.OpenFile(filepath.Join(dir, "registry.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	r.process, err = process.Start(process.Spec{
		Argv:   []string{"docker-registry", "serve", config},
		Env:    []string{"OTEL_TRACES_EXPORTER=none"},
		Stdout: io.MultiWriter(r.log, r.output), Stderr: r.output,
	})
	if err != nil {
		r.output.Close()
		return err
	}
	if err := r.await(ctx); err != nil {
		r.Stop()
		return err
	}
	return nil
}

// await waits until the registry answers, and has written of it in its log: whoever marks the log
// now finds only what comes after.
func (r *Registry) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTime, errors.New("it does not answer"))
	defer cancel()
	tick := time.NewTicker(pollTime)
	defer tick.Stop()
	answers := false
	for {
		if !answers {
			answers = r.answers(ctx)
		}
		if answers && r.Mark() > 0 {
			return nil
		}
		select {
		case <-tick.C:
		case <-r.process.Done():
			return fmt.Errorf("docker-registry ended: %w (see %s)", r.process.Err(), r.output.Name())
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (r *Registry) answers(ctx context.Context) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+r.Address+"/v2/", http.NoBody)
	if err != nil {
		return false // only a malformed address
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	answer.Body.Close()
	return true
}

// freeAddress finds a loopback port that nobody listens on.
func freeAddress(ctx context.Context) (string, error) {
	var listen net.ListenConfig
	l, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// Stop ends the registry.
func (r *Registry) Stop() {
	r.process.Stop()
	r.output.Close()
}

// Mark is the number of accesses so far: Since gives those after it.
func (r *Registry) Mark() int { return len(r.log.since(0)) }

// Since gives the accesses after a mark, in the order in which they ended.
func (r *Registry) Since(mark int) []Access { return r.log.since(mark) }

// BlobBytes sums up what accesses took of each blob.
func BlobBytes(accesses []Access) map[string]int64 {
	taken := map[string]int64{}
	for _, a := range accesses {
		if a.Method == http.MethodGet && a.Kind == "blobs" {
			taken[a.Digest] += a.Bytes
		}
	}
	return taken
}
