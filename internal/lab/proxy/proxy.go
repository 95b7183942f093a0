// Package proxy runs a real forward proxy as sites have them: with a login, with an inspecting
// authority that answers for every host, with a list of hosts that may be reached, and with the habit of
// dropping Range headers. Tests and virtual machines go through it.
package proxy

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/elazarl/goproxy"

	"github.com/stylet-edge/stylet/internal/lab/authority"
)

// AuthorityName is the common name of the inspecting authority.
const AuthorityName = "Lab Inspection CA"

// Options says what kind of proxy it is. The zero value lets everybody through to everywhere, and looks
// into nothing.
type Options struct {
	// Listen is ADDRESS:PORT; default: a free port of the loopback interface.
	Listen string
	// User and Password are asked of every client, unless User is empty.
	User, Password string
	// Allow are the hosts, without ports, that may be reached; nil is all. Others get status 403.
	Allow []string
	// Intercept answers TLS with certificates of an authority of the proxy's own (see CAPEM).
	Intercept bool
	// Authority signs these certificates; nil is one made for this run.
	Authority *authority.Certificate
	// StripRange drops the Range header of requests that the proxy can see: all with Intercept, otherwise
	// those without TLS.
	StripRange bool
	// Rewrite changes the bodies of answers to GET that the proxy can see; nil leaves them alone.
	Rewrite func(body []byte) []byte
	// Roots are what the proxy itself trusts when it intercepts; nil is the system's.
	Roots *x509.CertPool
	// Dial reaches the hosts; nil is a net.Dialer. It is the place to map names to addresses.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Proxy is a running proxy.
type Proxy struct {
	listener *countingListener
	server   *http.Server
	ca       *authority.Certificate
	journal  *journal
	options  Options
	served   chan struct{}
	release  func() bool
}

// headerTime bounds how long a client may take to say what it wants.
const headerTime = 30 * time.Second

// Start starts a proxy. It ends with ctx, or by Close.
func Start(ctx context.Context, options Options) (*Proxy, error) {
	if options.Listen == "" {
		options.Listen = "127.0.0.1:0"
	}
	if options.Dial == nil {
		options.Dial = (&net.Dialer{Timeout: 10 * time.Second}).DialContext
	}
	ca := options.Authority
	if ca == nil {
		var err error
		if ca, err = authority.New(authority.Spec{Name: AuthorityName}); err != nil {
			return nil, fmt.Errorf("starting the proxy: %w", err)
		}
	}
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", options.Listen)
	if err != nil {
		return nil, fmt.Errorf("starting the proxy: %w", err)
	}
	p := &Proxy{
		listener: newCountingListener(listener), ca: ca, journal: &journal{}, options: options,
		served: make(chan struct{}),
	}
	quiet := log.New(io.Discard, "", 0)
	p.server = &http.Server{Handler: p.handler(quiet), ErrorLog: quiet, ReadHeaderTimeout: headerTime}
	go func() {
		defer close(p.served)
		_ = p.server.Serve(p.listener) // it ends by Close
	}()
	p.release = context.AfterFunc(ctx, p.close)
	return p, nil
}

// Address is ADDRESS:PORT.
func (p *Proxy) Address() string { return p.listener.Addr().String() }

// CAPEM is the certificate of the inspecting authority: what a site puts into site.caCerts.
func (p *Proxy) CAPEM() string { return p.ca.PEM() }

// Log gives what was asked of the proxy so far, in the order in which it came.
func (p *Proxy) Log() []Access { return p.journal.all(p.listener.sent) }

// Close ends the proxy and every connection through it.
func (p *Proxy) Close() {
	p.release()
	p.close()
	<-p.served
}

func (p *Proxy) close() {
	_ = p.server.Close() // its listener was open
	p.listener.closeConnections()
}

// handler sets goproxy up.
func (p *Proxy) handler(quiet *log.Logger) http.Handler {
	h := goproxy.NewProxyHttpServer()
	h.Logger = quiet
	h.Tr = &http.Transport{
		DialContext: p.options.Dial, TLSClientConfig: &tls.Config{RootCAs: p.options.Roots, MinVersion: tls.VersionTLS12},
		DisableCompression: true, IdleConnTimeout: 15 * time.Second,
	}
	h.OnRequest().HandleConnectFunc(p.connect)
	h.OnRequest().DoFunc(p.request)
	h.OnResponse().DoFunc(p.response)
	return h
}

// errNotProxied is why a request that was refused has no answer of a host.
var errNotProxied = errors.New("refused by the proxy")

// connect decides about a tunnel.
func (p *Proxy) connect(host string, ctx *goproxy.ProxyCtx) (*goproxy.ConnectAction, string) {
	if refusal := p.judge(ctx.Req, host); refusal != nil { //nolint:bodyclose // goproxy sends and drops it
		ctx.Resp, ctx.Error = refusal, errNotProxied
		return goproxy.RejectConnect, host
	}
	ctx.UserData = tunnelled{}
	if p.options.Intercept {
		return &goproxy.ConnectAction{Action: goproxy.ConnectMitm, TLSConfig: goproxy.TLSConfigFromCA(&p.ca.Certificate)}, host
	}
	return goproxy.OkConnect, host
}

// tunnelled marks requests that came through a tunnel: that was judged, they are not judged again.
type tunnelled struct{}

// request decides about a request that the proxy can see.
func (p *Proxy) request(r *http.Request, ctx *goproxy.ProxyCtx) (*http.Request, *http.Response) {
	if _, judged := ctx.UserData.(tunnelled); !judged {
		if refusal := p.judge(r, r.URL.Host); refusal != nil {
			return r, refusal
		}
	}
	if p.options.StripRange {
		r.Header.Del("Range")
	}
	return r, nil
}
