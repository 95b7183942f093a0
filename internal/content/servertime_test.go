package content

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/lab/authority"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// certifiedFor makes a certificate for 127.0.0.1 that is its own authority, valid around a time.
func certifiedFor(t *testing.T, about time.Time) *authority.Certificate {
	t.Helper()
	made, err := authority.New(authority.Spec{
		Name: "registry of the test", Hosts: []string{"127.0.0.1"}, From: about.AddDate(0, -1, 0), Until: about.AddDate(0, 1, 0),
	})
	require.NoError(t, err)
	return made
}

// A host whose clock was lost learns the time from a registry that it trusts, and from no other.
//
// Requirement: A3
func TestServerTime(t *testing.T) {
	next := time.Now().AddDate(1, 0, 0).UTC().Truncate(time.Second)
	own, other := certifiedFor(t, next), certifiedFor(t, next)
	for name, c := range map[string]struct {
		told    time.Time
		trusted *authority.Certificate
		refused string
	}{
		"a trusted server":                  {next, own, ""},
		"a time out of the certificate's":   {next.AddDate(1, 0, 0), own, "has expired or is not yet valid"},
		"an authority that nobody trusts":   {next, other, "unknown authority"},
		"one that is valid and told no one": {time.Time{}, own, "asking"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if w.Header()["Date"] = nil; !c.told.IsZero() {
					w.Header().Set("Date", c.told.Format(http.TimeFormat))
				}
				w.WriteHeader(http.StatusUnauthorized)
			}))
			server.TLS = &tls.Config{Certificates: []tls.Certificate{own.Certificate}, MinVersion: tls.VersionTLS12}
			server.StartTLS()
			t.Cleanup(server.Close)
			host := server.Listener.Addr().String()
			client := NewClient(Options{Registries: []v1alpha1.Registry{{Host: host, CACerts: []string{c.trusted.PEM()}}}})
			told, err := client.ServerTime(t.Context(), host+"/site/store:1")
			if c.refused == "" {
				require.NoError(t, err)
				require.Equal(t, c.told, told.UTC())
				return
			}
			require.ErrorContains(t, err, c.refused)
		})
	}
}
