package diagnose

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// proxyTime is how long a proxy may take to answer; it may have to look for the target first.
	proxyTime = 12 * time.Second
	// maxProxyAnswer bounds what is read of its answer.
	maxProxyAnswer = 64 << 10
	proxyKeys      = "site.network.httpsProxy and httpProxy"
)

// checkProxy connects to the proxy and asks it for the target: a tunnel for https, the page itself for http.
func checkProxy(ctx context.Context, j *journey) Finding {
	host, port, err := net.SplitHostPort(proxyPort(j.via))
	if err != nil {
		return fail("address", "", "the proxy's address cannot be read", "write http://[USER:PASSWORD@]HOST:PORT into "+proxyKeys)
	}
	conn, err := dialAny(ctx, j.addresses, port)
	if err != nil {
		f := judgeDial(err, "the proxy "+net.JoinHostPort(host, port), "that the proxy runs, and "+proxyKeys)
		f.Cause = "proxy-" + f.Cause
		return f
	}
	if j.via.Scheme == "https" {
		secure := tls.Client(conn, &tls.Config{ServerName: host, RootCAs: j.all(j.registry), MinVersion: tls.VersionTLS12})
		if err := secure.HandshakeContext(ctx); err != nil {
			conn.Close()
			return fail("proxy-tls", shownProxy(j.via), "no TLS with the proxy itself: "+plain(err), "put the proxy's authority into site.caCerts, or write http:// if it has no TLS of its own")
		}
		conn = secure
	}
	answer, err := askProxy(ctx, conn, j) //nolint:bodyclose // its body is the connection, which is closed or goes on
	if err != nil {
		conn.Close()
		return fail("not-a-proxy", shownProxy(j.via)+" answers, but not as a proxy", notAProxy(err), "check host, port, and http:// or https:// in "+proxyKeys)
	}
	f := j.judgeProxy(answer)
	if f.Verdict == Fail || j.target.Scheme == "http" {
		conn.Close()
		return f
	}
	j.conn = conn
	return f
}

func notAProxy(err error) string {
	if isTimeout(err) {
		return fmt.Sprintf("it took the connection, and said nothing within %s", proxyTime)
	}
	return "what it says is no HTTP: it may want TLS (https://), or be something else"
}

// askProxy sends the request and reads the head of the answer.
func askProxy(ctx context.Context, conn net.Conn, j *journey) (*http.Response, error) {
	deadline := time.Now().Add(proxyTime)
	if end, ok := ctx.Deadline(); ok && end.Before(deadline) {
		deadline = end
	}
	if err := conn.SetDeadline(deadline); err != nil {
		return nil, err
	}
	request := &http.Request{
		Method: http.MethodHead, URL: j.target.root(), Host: j.target.host(), ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"User-Agent": {j.UserAgent}},
	}
	if j.target.Scheme == "https" {
		request.Method, request.URL = http.MethodConnect, &url.URL{Opaque: j.target.hostPort()}
		request.Host = j.target.hostPort()
	}
	if login := j.via.User; login != nil {
		password, _ := login.Password()
		request.Header.Set("Proxy-Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(login.Username()+":"+password)))
	}
	if err := request.WriteProxy(conn); err != nil {
		return nil, err
	}
	answer, err := http.ReadResponse(bufio.NewReader(io.LimitReader(conn, maxProxyAnswer)), request)
	if err != nil {
		return nil, err
	}
	return answer, conn.SetDeadline(time.Time{})
}

// judgeProxy tells what a proxy's status means (RFC 9110, sections 9.3.6 and 15).
func (j *journey) judgeProxy(answer *http.Response) Finding {
	proxy, status := shownProxy(j.via), answer.StatusCode
	measured := fmt.Sprintf("%s answers %d %s for %s", proxy, status, http.StatusText(status), j.target.hostPort())
	tunnel := j.target.Scheme == "https"
	switch {
	case status == http.StatusProxyAuthRequired:
		return j.judgeLogin(measured, answer.Header.Values("Proxy-Authenticate"))
	case status/100 == 2, !tunnel && status < http.StatusBadRequest:
		return pass(measured)
	case !tunnel && (status == http.StatusUnauthorized || status == http.StatusNotFound || status == http.StatusMethodNotAllowed):
		return pass(measured) // the target's own answer: the proxy let it through
	case status == http.StatusForbidden:
		return fail("proxy-forbidden", measured, "the proxy does not let this host reach "+j.target.Host,
			"let the proxy's owner allow "+j.target.hostPort()+" for CONNECT; or name it in site.network.noProxy, if it can be reached without the proxy")
	case status == http.StatusBadGateway, status == http.StatusServiceUnavailable, status == http.StatusGatewayTimeout:
		return fail("proxy-cannot-reach", measured, "the proxy itself cannot reach "+j.target.hostPort(),
			"check how "+j.target.Host+" is written, that the proxy resolves its name, and that it runs; name it in site.network.noProxy if it is inside of the site")
	}
	return fail("not-a-proxy", measured, "a proxy answers 200 here: this may be a web server, or a proxy that allows no tunnel to this port", "check host and port in "+proxyKeys)
}

// judgeLogin tells a login that is missing from one that is wrong.
func (j *journey) judgeLogin(measured string, challenges []string) Finding {
	schemes := authSchemes(challenges)
	if len(schemes) > 0 && !hasBasic(schemes) {
		return fail("proxy-login-scheme", measured, "the proxy wants a login by "+strings.Join(schemes, " or ")+"; stylet has user and password (Basic) only",
			"let the proxy's owner allow Basic, or this host without a login")
	}
	if j.via.User == nil {
		return fail("proxy-login-missing", measured, "the proxy wants a login, and none is set",
			"write http://USER:PASSWORD@HOST:PORT into "+proxyKeys)
	}
	return fail("proxy-login-wrong", measured, fmt.Sprintf("the proxy does not accept the login of %q", j.via.User.Username()),
		"check user and password in "+proxyKeys+"; characters like @ : / need %-escapes")
}

// authSchemes are the schemes of challenges (RFC 9110, section 11.6.1), each once, as they are written.
// A header may hold several, with commas between them as between a scheme's parameters: a scheme is a word
// that is not followed by "=".
func authSchemes(challenges []string) []string {
	var schemes []string
	for _, challenge := range challenges {
		for part := range strings.SplitSeq(challenge, ",") {
			fields := strings.Fields(part)
			if len(fields) == 0 || strings.ContainsAny(fields[0], `="`) || (len(fields) > 1 && strings.HasPrefix(fields[1], "=")) {
				continue
			}
			if word := fields[0]; len(word) <= 32 && isToken(word) && !containsFold(schemes, word) {
				schemes = append(schemes, word)
			}
		}
	}
	return schemes
}

func hasBasic(schemes []string) bool { return containsFold(schemes, "Basic") }

func containsFold(list []string, word string) bool {
	for _, known := range list {
		if strings.EqualFold(known, word) {
			return true
		}
	}
	return false
}

// isToken tells letters, digits and dashes: what the registered schemes consist of, and what may be shown.
func isToken(word string) bool {
	return strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == ""
}
