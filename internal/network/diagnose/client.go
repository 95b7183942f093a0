package diagnose

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// headerTime is how long an answer may take to begin.
const headerTime = 12 * time.Second

// newTransport makes requests go as the hops before went: through the proxy, to the known addresses. Each
// has connections of its own, which the caller closes.
func (j *journey) newTransport(config *tls.Config) *http.Transport {
	return &http.Transport{
		Proxy:                 func(r *http.Request) (*url.URL, error) { return j.proxyOf(r.URL) },
		DialContext:           j.dial,
		TLSClientConfig:       config,
		TLSHandshakeTimeout:   headerTime,
		ResponseHeaderTimeout: headerTime,
		DisableCompression:    true, // bytes are compared as they come
	}
}

// guard sends requests with what the site says of the target to the target alone: others (storage that a
// registry sends on to, a token server) are asked with TLS that is verified.
type guard struct {
	target Target
	own    http.RoundTripper
	others http.RoundTripper
	plain  bool
}

// RoundTrip implements http.RoundTripper.
func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host == g.target.host() {
		if r.URL.Scheme == "https" || g.plain {
			return g.own.RoundTrip(r)
		}
	} else if r.URL.Scheme == "https" {
		return g.others.RoundTrip(r)
	}
	return nil, fmt.Errorf("plain http to %s is not permitted", r.URL.Host)
}
