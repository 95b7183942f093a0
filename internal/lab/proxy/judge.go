package proxy

import (
	"bytes"
	"crypto/subtle"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/elazarl/goproxy"
)

// judge writes down what is asked and gives the refusal, if it is one.
func (p *Proxy) judge(r *http.Request, host string) *http.Response {
	authorized := p.authorized(r.Header.Get("Proxy-Authorization"))
	allowed := p.allowed(host)
	p.journal.add(Access{Method: r.Method, Host: host, Authorized: authorized, Allowed: allowed}, r.RemoteAddr)
	switch {
	case !authorized:
		refusal := answer(r, http.StatusProxyAuthRequired)
		refusal.Header.Set("Proxy-Authenticate", `Basic realm="site"`)
		return refusal
	case !allowed:
		return answer(r, http.StatusForbidden)
	}
	return nil
}

// authorized checks the login (RFC 7617).
func (p *Proxy) authorized(header string) bool {
	if p.options.User == "" {
		return true
	}
	encoded, ok := strings.CutPrefix(header, "Basic ")
	if !ok {
		return false
	}
	given, err := base64.StdEncoding.DecodeString(encoded)
	wanted := p.options.User + ":" + p.options.Password
	return err == nil && subtle.ConstantTimeCompare(given, []byte(wanted)) == 1
}

func (p *Proxy) allowed(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	return p.options.Allow == nil || slices.Contains(p.options.Allow, name)
}

// answer makes an answer of the proxy itself.
func answer(r *http.Request, status int) *http.Response {
	text := http.StatusText(status) + "\n"
	return &http.Response{
		StatusCode: status, Status: strconv.Itoa(status) + " " + http.StatusText(status),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header:        http.Header{"Content-Type": {"text/plain"}, "Connection": {"close"}},
		ContentLength: int64(len(text)), Body: io.NopCloser(strings.NewReader(text)),
	}
}

// maxRewritten is the size of a body up to which Rewrite sees it.
const maxRewritten = 16 << 20

// response changes what comes back.
func (p *Proxy) response(r *http.Response, ctx *goproxy.ProxyCtx) *http.Response {
	if r == nil || p.options.Rewrite == nil || ctx.Req.Method != http.MethodGet || r.StatusCode/100 != 2 {
		return r
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRewritten))
	_ = r.Body.Close() // it was read
	if err != nil {
		return answer(ctx.Req, http.StatusBadGateway)
	}
	body = p.options.Rewrite(body)
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	r.Header.Set("Content-Length", strconv.Itoa(len(body)))
	return r
}
