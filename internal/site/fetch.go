package site

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Bounds of what config_url leads to.
const (
	// maxFetches is how many texts may follow one another, as kairos-sdk's collector tries thrice.
	maxFetches   = 3
	maxRedirects = 3
	fetchTimeout = 30 * time.Second
)

// Fetch gives the text that an address (http or https) leads to. Its error must not name the
// address, which may hold a password or a token.
type Fetch func(ctx context.Context, address string) ([]byte, error)

// HTTPFetch fetches with a client, which brings the site's authorities and proxy: at most 30
// seconds, three redirects (never from https to http) and the size of a user-data file.
func HTTPFetch(client *http.Client) Fetch {
	bounded := *client
	bounded.CheckRedirect = checkRedirect
	return func(ctx context.Context, address string) ([]byte, error) {
		ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
		defer cancel()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
		if err != nil {
			return nil, withoutAddress(err)
		}
		answer, err := bounded.Do(request)
		if err != nil {
			return nil, withoutAddress(err)
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("the server answers %s", answer.Status)
		}
		data, err := io.ReadAll(io.LimitReader(answer.Body, v1alpha1.MaxDocumentBytes+1))
		if err != nil {
			return nil, fmt.Errorf("reading the answer: %w", err)
		}
		return data, nil
	}
}

func checkRedirect(next *http.Request, before []*http.Request) error {
	if len(before) > maxRedirects {
		return fmt.Errorf("more than %d redirects", maxRedirects)
	}
	if next.URL.Scheme != "https" && before[len(before)-1].URL.Scheme == "https" {
		return errors.New("redirected from https to " + next.URL.Scheme)
	}
	return nil
}

// withoutAddress gives the cause alone: url.Error repeats the address.
func withoutAddress(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// shownAddress leaves out what may be secret: the login, and what is behind a question mark.
func shownAddress(u *url.URL) string {
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	return shown.String()
}

// parseAddress takes the value of config_url.
func parseAddress(text string) (*url.URL, error) {
	if strings.Contains(text, "{{") {
		return nil, errors.New("Kairos' templates are not supported in it") //nolint:staticcheck // a name
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, errors.New("it is not an address") // the cause quotes what may be a password
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("it begins with neither http:// nor https://")
	case u.Host == "":
		return nil, errors.New("it names no host")
	}
	return u, nil
}
