package registry

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"
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
	certificate, roots, err := certificateFor(name)
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
		Address: listener.Addr().String(), Roots: roots,
		server: &http.Server{
			Handler: pass, ErrorLog: quiet, ReadHeaderTimeout: startTime,
			TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12},
		},
	}
	go func() { _ = f.server.ServeTLS(listener, "", "") }() // it ends by Stop
	return f, nil
}

// Stop ends it.
func (f *Front) Stop() { _ = f.server.Close() }

// certificateFor makes a certificate that is its own authority.
func certificateFor(name string) (tls.Certificate, *x509.CertPool, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().Add(30 * 24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, roots, nil
}
