package content

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/stylet-edge/stylet/internal/base/fault"
)

// errNoHint is why a server's time is not taken.
var errNoHint = errors.New("no server whose certificate would be trusted then told the time")

// ServerTime asks the registry of a reference what time it is, for a host whose own clock is so wrong
// that no certificate is valid. The answer is bounded by that very certificate: it counts only if the
// server's chain leads to a trusted authority and is valid at the time that the server tells.
func (c *Client) ServerTime(ctx context.Context, reference string) (time.Time, error) {
	ref, err := c.parse(reference)
	if err != nil {
		return time.Time{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, smallTimeout)
	defer cancel()
	// First without a look at the certificate, for the hint alone: nothing else of the answer is used.
	told, err := c.timeOf(ctx, ref.Context().Registry, &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true}) //nolint:gosec // verified next
	if err != nil {
		return time.Time{}, err
	}
	verified := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.authoritiesOf(ref.Context().RegistryStr()), Time: func() time.Time { return told }}
	if _, err := c.timeOf(ctx, ref.Context().Registry, verified); err != nil {
		return time.Time{}, fmt.Errorf("%w: %w", errNoHint, err)
	}
	return told, nil
}

func (c *Client) timeOf(ctx context.Context, registry name.Registry, config *tls.Config) (time.Time, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+registry.RegistryStr()+"/v2/", http.NoBody)
	if err != nil {
		return time.Time{}, fmt.Errorf("asking %s for the time: %w", registry, err)
	}
	inner := boundedTransport(config)
	response, err := inner.RoundTrip(request)
	if err != nil {
		return time.Time{}, fault.Wrap(err, fault.Retry, "registry.unreachable", "", "asking %s for the time", registry)
	}
	defer response.Body.Close()
	at, err := http.ParseTime(response.Header.Get("Date"))
	if err != nil {
		return time.Time{}, fmt.Errorf("asking %s for the time: %w", registry, err)
	}
	return at, nil
}
