// Package localapi is the agent's interface on the host: HTTP over a unix socket. Every local
// user may read; only root may change. Who asks is told by the kernel (SO_PEERCRED), not by the
// caller.
package localapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/lifecycle"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Host is what the API shows of an agent.
type Host interface {
	Status() v1alpha1.HostStatus
	Plan() lifecycle.Plan
	Events() ([]v1alpha1.Event, error)
	Retry(ctx context.Context, prefix string) ([]v1alpha1.RefusedRevision, error)
}

// Server answers on a unix socket.
type Server struct {
	host Host
	log  *zap.Logger
	// Look, if set, lets the source be asked at once.
	Look func()
	// MayChange decides by the peer's user ID; default: root.
	MayChange func(uid uint32) bool
}

// NewServer makes a server for a host.
func NewServer(host Host, log *zap.Logger) *Server {
	return &Server{host: host, log: log, MayChange: func(uid uint32) bool { return uid == 0 }}
}

type peerKey struct{}

// Serve listens on the path until ctx ends. A socket left by a killed agent is replaced.
func (s *Server) Serve(ctx context.Context, path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("listening on %s: %w", path, err)
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		return fmt.Errorf("listening on %s: %w", path, err)
	}
	if err := os.Chmod(path, 0o666); err != nil {
		return fmt.Errorf("opening the socket for all: %w", err)
	}
	server := &http.Server{
		Handler: s.routes(), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute,
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, peerKey{}, peerOf(c))
		},
	}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving the local API: %w", err)
	}
	return nil
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/status", func(w http.ResponseWriter, _ *http.Request) { s.answer(w, s.host.Status(), nil) })
	mux.HandleFunc("GET /v1/plan", func(w http.ResponseWriter, _ *http.Request) { s.answer(w, s.host.Plan(), nil) })
	mux.HandleFunc("GET /v1/events", func(w http.ResponseWriter, _ *http.Request) {
		events, err := s.host.Events()
		s.answer(w, events, err)
	})
	mux.HandleFunc("POST /v1/retry", s.rootOnly(func(w http.ResponseWriter, r *http.Request) {
		forgotten, err := s.host.Retry(r.Context(), r.URL.Query().Get("revision"))
		s.answer(w, forgotten, err)
	}))
	mux.HandleFunc("POST /v1/look", s.rootOnly(func(w http.ResponseWriter, _ *http.Request) {
		if s.Look != nil {
			s.Look()
		}
		s.answer(w, struct{}{}, nil)
	}))
	return mux
}

// rootOnly lets a call through only if the kernel says that the caller may change the host.
func (s *Server) rootOnly(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		peer, ok := r.Context().Value(peerKey{}).(*unix.Ucred)
		if !ok || peer == nil || !s.MayChange(peer.Uid) {
			s.answer(w, nil, fault.New(fault.Denied, "api.denied", "call it as root, for example with sudo", "only root may change this host"))
			return
		}
		next(w, r)
	}
}

// Problem is an error as the API tells it.
type Problem struct {
	Kind   fault.Kind `json:"kind"`
	Code   string     `json:"code"`
	What   string     `json:"what"`
	Remedy string     `json:"remedy,omitempty"`
}

func (s *Server) answer(w http.ResponseWriter, v any, err error) {
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		p := Problem{Kind: fault.KindOf(err), Code: fault.CodeOf(err), What: err.Error(), Remedy: fault.RemedyOf(err)}
		w.WriteHeader(httpStatus(p.Kind))
		v = p
	}
	if err := json.NewEncoder(w).Encode(v); err != nil {
		s.log.Debug("answering on the local API", zap.Error(err))
	}
}

func httpStatus(kind fault.Kind) int {
	switch kind {
	case fault.Denied:
		return http.StatusForbidden
	case fault.Input, fault.Usage:
		return http.StatusBadRequest
	case fault.Refused:
		return http.StatusConflict
	case fault.Retry, fault.Wait:
		return http.StatusServiceUnavailable
	case fault.Internal:
	}
	return http.StatusInternalServerError
}

func peerOf(c net.Conn) *unix.Ucred {
	conn, ok := c.(*net.UnixConn)
	if !ok {
		return nil
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil
	}
	var cred *unix.Ucred
	if raw.Control(func(fd uintptr) { cred, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) }) != nil || err != nil {
		return nil
	}
	return cred
}
