package diagnose

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"
	"time"
)

// The causes by which a certificate is not valid now.
const (
	causeExpired     = "expired"
	causeNotYetValid = "not-yet-valid"
)

func isTimeCause(cause string) bool { return cause == causeExpired || cause == causeNotYetValid }

// checkTLS shakes hands with the target and then judges its certificate itself: crypto/tls gives the first
// thing that is wrong and none of what is there.
func checkTLS(ctx context.Context, j *journey) Finding {
	//nolint:gosec // nothing is sent over this connection, and judgeCertificate verifies
	config := &tls.Config{ServerName: j.target.Host, InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}
	conn := tls.Client(j.conn, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		return j.judgeHandshake(err)
	}
	chain := conn.ConnectionState().PeerCertificates
	j.leaf = chain[0]
	return j.judgeCertificate(chain, time.Now())
}

func (j *journey) judgeHandshake(err error) Finding {
	to := j.target.hostPort()
	var record tls.RecordHeaderError
	var alert tls.AlertError
	switch {
	case errors.As(err, &record) && j.registry.PlainHTTP:
		j.target.Scheme = "http"
		return warn("plain-http", to+" answers without TLS", "the site permits that (registries[].plainHTTP), and so does anybody on the way answer for it", "give the registry TLS")
	case errors.As(err, &record):
		return fail("not-tls", to+" answers, but not with TLS", "what it says is no TLS: it may be plain http, or a page of the network that wants a login",
			"check the port; for a registry without TLS set plainHTTP: true under stylet.registries[]")
	case errors.As(err, &alert):
		return fail("tls-refused", to+" refuses TLS: "+alert.Error(), "it speaks TLS and does not want to with this host", "it must speak TLS 1.2 or newer for the name "+j.target.Host)
	case isTimeout(err):
		return fail("tls-timeout", to+" does not finish TLS in time", "the connection is there, and what is sent gets lost: large packets, often", "check the MTU on the way, and firewalls that look into TLS")
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, net.ErrClosed):
		return fail("tls-cut", to+" ends the connection when TLS begins", "a firewall that does not like the name does so, or a proxy that cannot reach the target", "let "+j.target.Host+" through where the site filters")
	}
	return fail("tls", to+": no TLS: "+plain(err), "the two sides do not agree", "it must speak TLS 1.2 or newer for the name "+j.target.Host)
}

// judgeCertificate looks at the time first, then at the name, then at who vouches for it.
func (j *journey) judgeCertificate(chain []*x509.Certificate, now time.Time) Finding {
	leaf := chain[0]
	measured := fmt.Sprintf("issued by %q", leaf.Issuer.String())
	validity := fmt.Sprintf("the certificate is valid from %s to %s, and this host's clock says %s", stamp(leaf.NotBefore), stamp(leaf.NotAfter), stamp(now))
	switch {
	case j.registry.SkipTLSVerify:
		return warn("not-verified", measured, "the site does not want it verified (registries[].skipTLSVerify): anybody on the way can answer for it", "put the registry's authority into caCerts instead")
	case now.Before(leaf.NotBefore):
		return fail(causeNotYetValid, measured, validity, "set this host's clock (site.ntpServers): a certificate from the future is a clock in the past, nearly always")
	case now.After(leaf.NotAfter):
		return fail(causeExpired, measured, validity, "if the clock is right, the certificate must be renewed at "+j.target.Host+"; if not, set the clock (site.ntpServers)")
	}
	if err := leaf.VerifyHostname(j.target.Host); err != nil {
		return fail("name-mismatch", measured+" for "+namesOf(leaf), "the certificate is not for "+j.target.Host,
			"reach it by a name of its certificate, or look who answers there: a captive page or a wrong name in DNS do so")
	}
	return j.judgeAuthority(chain, measured)
}

// judgeAuthority finds out whose authority vouches: the system's, the registry's own, or one of the site.
func (j *journey) judgeAuthority(chain []*x509.Certificate, measured string) Finding {
	known := j.trustFor(j.registry)
	if root, ok := rootIn(chain, known.system); ok {
		return pass(measured + ", root " + root)
	}
	if root, ok := rootIn(chain, known.registry); ok {
		return pass(measured + ", root " + root + " (registries[].caCerts)")
	}
	if root, ok := rootIn(chain, known.site); ok {
		measured += ", root " + root + " (site.caCerts)"
		if isPublicName(j.target.Host) {
			measured += fmt.Sprintf("; inspected by %q, unless %s is the site's own", chain[0].Issuer.String(), j.target.Host)
		}
		return pass(measured)
	}
	looks := "a private authority"
	if j.via != nil || isPublicName(j.target.Host) {
		looks = "an inspecting proxy, or a private authority"
	}
	remedy := fmt.Sprintf("put the certificate of %q (PEM) into site.caCerts, after asking the site's owner whether it is theirs", lastIssuer(chain))
	if j.via != nil {
		remedy += "; or let the proxy not inspect " + j.target.Host
	}
	return fail("unknown-issuer", measured, "this host does not know that issuer: it looks like "+looks, remedy)
}

func rootIn(chain []*x509.Certificate, roots *x509.CertPool) (string, bool) {
	between := x509.NewCertPool()
	for _, cert := range chain[1:] {
		between.AddCert(cert)
	}
	chains, err := chain[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between})
	if err != nil {
		return "", false
	}
	found := chains[0]
	return fmt.Sprintf("%q", found[len(found)-1].Subject.String()), true
}

// lastIssuer is who vouches for the last certificate that was sent: the root, or the nearest to it.
func lastIssuer(chain []*x509.Certificate) string { return chain[len(chain)-1].Issuer.String() }

// namesOf are a few of the names of a certificate.
func namesOf(leaf *x509.Certificate) string {
	names := slices.Clone(leaf.DNSNames)
	for _, address := range leaf.IPAddresses {
		names = append(names, address.String())
	}
	const shown = 4
	switch {
	case len(names) == 0:
		return "no name at all"
	case len(names) > shown:
		return strings.Join(names[:shown], ", ") + fmt.Sprintf(" and %d more", len(names)-shown)
	}
	return strings.Join(names, ", ")
}

// isPublicName tells a name that anybody may have a certificate for: one of the public DNS, and not one of
// the names that are kept for private use (RFC 6761, RFC 6762, RFC 8375, ICANN's .internal) or are used so.
func isPublicName(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if isAddress(host) || !strings.Contains(host, ".") {
		return false
	}
	for _, suffix := range []string{"local", "localhost", "internal", "home.arpa", "test", "invalid", "lan", "home", "corp", "intranet", "private"} {
		if strings.HasSuffix(host, "."+suffix) {
			return false
		}
	}
	return true
}

func stamp(at time.Time) string { return at.UTC().Format("2006-01-02 15:04 UTC") }
