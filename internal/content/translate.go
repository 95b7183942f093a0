package content

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/stylet-edge/stylet/internal/base/fault"
)

// translate says what an error of a request to a registry means, and what to do about it.
func (c *Client) translate(err error, repo name.Repository) error {
	host := repo.RegistryStr()
	var status *transport.Error
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &status):
		return translateStatus(err, status.StatusCode, repo)
	case errors.Is(err, http.ErrSchemeMismatch) && !c.isPlain(host):
		return refusePlain(host)
	}
	if certErr := translateCertificate(err, host); certErr != nil {
		return certErr
	}
	var netErr net.Error
	var plain *plainHTTPError
	switch {
	case errors.As(err, &plain) && plain.host != host:
		return refusePlain(plain.host)
	case errors.As(err, &netErr) && netErr.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return unreachable(err, host, "the registry %s does not answer in time", host)
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return unreachable(err, host, "the name of the registry %s cannot be resolved", host)
	}
	return unreachable(err, host, "the registry %s cannot be reached", host)
}

func unreachable(err error, host, format string, args ...any) error {
	return fault.Wrap(err, fault.Retry, "registry.unreachable",
		"check the network, name resolution and proxy of this host, and that "+host+" runs", format, args...)
}

// refusePlain has no cause: what the libraries tried, twice, says nothing more.
func refusePlain(host string) error {
	return fault.New(fault.Refused, "registry.plain-http",
		fmt.Sprintf("give the registry TLS, or set plainHTTP: true for host %s under stylet.registries[] in the user-data (for `stylet profile`: --plain-http)", host),
		"the registry %s answers without TLS, and stylet.registries[].plainHTTP does not permit that", host)
}

func translateStatus(err error, status int, repo name.Repository) error {
	host := repo.RegistryStr()
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return fault.Wrap(err, fault.Input, "registry.denied",
			"check the name, and that "+host+" lets this host read it", "the registry %s denies access to %s", host, repo.RepositoryStr())
	case status == http.StatusNotFound:
		return fault.Wrap(err, fault.Input, "registry.not-found",
			"check the reference, and that it was pushed", "the registry %s does not have it in %s", host, repo.RepositoryStr())
	case status == http.StatusRequestedRangeNotSatisfiable:
		return fault.Wrap(fmt.Errorf("%w: %w", errRange, err), fault.Input, "registry.bad-range",
			"push the profile again, or look for a proxy on the way to "+host, "fetching from %s", host)
	case status == http.StatusTooManyRequests:
		return fault.Wrap(err, fault.Retry, "registry.busy", "wait; if it lasts, ask for a higher limit at "+host, "the registry %s asks to wait", host)
	case status == http.StatusRequestTimeout, status >= http.StatusInternalServerError:
		return fault.Wrap(err, fault.Retry, "registry.failing", "look into the log of "+host, "the registry %s fails", host)
	}
	return fault.Wrap(err, fault.Input, "registry.unexpected", "check that "+host+" is an OCI registry", "the registry %s answers with status %d", host, status)
}

// translateCertificate names the issuer that the host presented: on a site with an inspecting
// proxy that is the proxy's own authority, which is the whole story.
func translateCertificate(err error, host string) error {
	var verification *tls.CertificateVerificationError
	if !errors.As(err, &verification) {
		return nil
	}
	issuer, remedy := "nobody", "add its authority to site.caCerts in the user-data, or tell the proxy not to inspect "+host
	if len(verification.UnverifiedCertificates) > 0 {
		cert := verification.UnverifiedCertificates[0]
		issuer = cert.Issuer.String()
		var invalid x509.CertificateInvalidError
		if errors.As(err, &invalid) && invalid.Reason == x509.Expired {
			remedy = fmt.Sprintf("compare this host's clock with the certificate's time, %s to %s", cert.NotBefore.UTC().Format(time.RFC3339), cert.NotAfter.UTC().Format(time.RFC3339))
		}
	}
	return fault.Wrap(err, fault.Input, "registry.tls", remedy, "the certificate of the registry %s, issued by %q, is not trusted", host, issuer)
}

// withRetryAfter adds the pause that a busy registry asks for, in seconds or as a date
// (RFC 9110, 10.2.3).
func withRetryAfter(err error, response *http.Response) error {
	value := response.Header.Get("Retry-After")
	pause := time.Duration(0)
	if seconds, convErr := strconv.Atoi(value); convErr == nil && seconds > 0 {
		pause = time.Duration(min(seconds, 1<<20)) * time.Second
	} else if at, convErr := http.ParseTime(value); convErr == nil {
		pause = time.Until(at)
	}
	if pause <= 0 {
		return err
	}
	return errors.Join(err, &backoff.RetryAfterError{Duration: pause})
}
