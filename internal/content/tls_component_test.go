//go:build component

package content

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/lab/authority"
	"github.com/stylet-edge/stylet/internal/lab/process"
)

const tlsRegistry = `version: 0.1
log: {level: warn, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: %s}}
http: {addr: %s, relativeurls: true, tls: {certificate: %s, key: %s}}
`

// startTLSRegistry runs docker-registry with a certificate that it signed itself.
func startTLSRegistry(t *testing.T, issuer string) (address string, trusted *x509.CertPool) {
	t.Helper()
	dir := t.TempDir()
	own, err := authority.New(authority.Spec{Name: issuer, Hosts: []string{"127.0.0.1"}})
	require.NoError(t, err)
	certificate, key, err := own.Files(dir)
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address = l.Addr().String()
	require.NoError(t, l.Close())
	config := filepath.Join(dir, "config.yml")
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, tlsRegistry, filepath.Join(dir, "storage"), address, certificate, key), 0o600))
	served, err := process.Start(process.Spec{
		Argv: []string{"docker-registry", "serve", config}, Env: []string{"OTEL_TRACES_EXPORTER=none"}, Stderr: os.Stderr,
	})
	require.NoError(t, err)
	t.Cleanup(served.Stop)
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return false
		}
		return conn.Close() == nil
	}, testTime, 20*time.Millisecond)
	return address, own.Pool()
}

func TestRegistryWithTLS(t *testing.T) {
	address, trusted := startTLSRegistry(t, "Site Inspection CA")
	dir, profile := writeProfile(t, 100_000)
	request := PushRequest{Profile: profile, Dir: dir, Reference: address + "/store:1"}

	_, err := Push(t.Context(), NewClient(Options{}), request)
	requireFault(t, err, fault.Input, "registry.tls")
	require.ErrorContains(t, err, `issued by "CN=Site Inspection CA", is not trusted`)
	_, err = NewClient(Options{}).Resolve(t.Context(), address+"/store:1")
	requireFault(t, err, fault.Input, "registry.tls")

	trusting := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}}
	t.Cleanup(trusting.CloseIdleConnections)
	client := NewClient(Options{Transport: trusting})
	pushed, err := Push(t.Context(), client, request)
	require.NoError(t, err)
	resolved, err := client.Resolve(t.Context(), address+"/store:1")
	require.NoError(t, err)
	assert.Equal(t, pushed, resolved)
	src, err := client.LayerSource(t.Context(), resolved.Reference, resolved.Profile.Spec.Layers[0])
	require.NoError(t, err)
	store := newStore(t, t.TempDir())
	require.NoError(t, store.Ensure(t.Context(), DescriptorOf(resolved.Profile.Spec.Layers[0]), src, nil))
	assert.True(t, store.Has(resolved.Profile.Spec.Layers[0].Content.Digest))
}
