package content

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// fixedTimes makes a certificate for 127.0.0.1 that is its own authority.
func fixedTimes(t *testing.T, from, until time.Time) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "registry of the test"},
		NotBefore: from, NotAfter: until, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	text := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, text
}

// A host whose clock was lost learns the time from a registry that it trusts, and from no other.
//
// Requirement: A3
func TestServerTime(t *testing.T) {
	next := time.Now().AddDate(1, 0, 0).UTC().Truncate(time.Second)
	certificate, authority := fixedTimes(t, next.AddDate(0, -1, 0), next.AddDate(0, 1, 0))
	_, other := fixedTimes(t, next.AddDate(0, -1, 0), next.AddDate(0, 1, 0))
	for name, c := range map[string]struct {
		told    time.Time
		trusted string
		refused string
	}{
		"a trusted server":                  {next, authority, ""},
		"a time out of the certificate's":   {next.AddDate(1, 0, 0), authority, "has expired or is not yet valid"},
		"an authority that nobody trusts":   {next, other, "unknown authority"},
		"one that is valid and told no one": {time.Time{}, authority, "asking"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if w.Header()["Date"] = nil; !c.told.IsZero() {
					w.Header().Set("Date", c.told.Format(http.TimeFormat))
				}
				w.WriteHeader(http.StatusUnauthorized)
			}))
			server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
			server.StartTLS()
			t.Cleanup(server.Close)
			host := server.Listener.Addr().String()
			client := NewClient(Options{Registries: []v1alpha1.Registry{{Host: host, CACerts: []string{c.trusted}}}})
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
