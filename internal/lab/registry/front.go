package registry

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"

	"github.com/stylet-edge/stylet/internal/lab/authority"
)

// Front is a registry's TLS: what a site's registry has before it, with an authority of its own.
type Front struct {
	// Address is HOST:PORT.
	Address string
	// Roots has the authority.
	Roots *x509.CertPool

	server *http.Server
}

// StartFront puts TLS with a certificate for the name before an address. It ends by Stop.
func StartFront(ctx context.Context, behind, name string) (*Front, error) {
	certificate, err := authority.New(authority.Spec{Name: name, Hosts: []string{name}})
	if err != nil {
		return nil, fmt.Errorf("starting the registry's TLS: %w", err)
	}
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("starting the registry's TLS: %w", err)
	}
	quiet := log.New(io.Discard, "", 0)
	pass := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: behind})
	pass.ErrorLog = quiet
	f := &Front{
		Address: listener.Addr().String(), Roots: certificate.Pool(),
		server: &http.Server{
			Handler: pass, ErrorLog: quiet, ReadHeaderTimeout: startTime,
			TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate.Certificate}, MinVersion: tls.VersionTLS12},
		},
	}
	go func() { _ = f.server.ServeTLS(listener, "", "") }() // it ends by Stop
	return f, nil
}

// Stop ends it.
func (f *Front) Stop() { _ = f.server.Close() }
