package authority

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWhatAnAuthorityIssuesIsTrusted(t *testing.T) {
	own, err := New(Spec{Name: "Lab CA"})
	require.NoError(t, err)
	other, err := New(Spec{Name: "Lab CA"})
	require.NoError(t, err)
	served, err := own.Issue(Spec{Name: "shop", Hosts: []string{"shop.example.com", "127.0.0.1"}})
	require.NoError(t, err)
	for _, host := range []string{"shop.example.com", "127.0.0.1"} {
		_, err = served.Leaf.Verify(x509.VerifyOptions{Roots: own.Pool(), DNSName: host})
		require.NoError(t, err)
	}
	_, err = served.Leaf.Verify(x509.VerifyOptions{Roots: other.Pool()})
	require.ErrorContains(t, err, "unknown authority")

	next := time.Now().AddDate(1, 0, 0)
	late, err := own.Issue(Spec{Name: "shop", From: next, Until: next.AddDate(0, 0, 1)})
	require.NoError(t, err)
	_, err = late.Leaf.Verify(x509.VerifyOptions{Roots: own.Pool()})
	require.ErrorContains(t, err, "not yet valid")
}

func TestAKeptAuthorityStaysTheSame(t *testing.T) {
	path := filepath.Join(t.TempDir(), "authority.pem")
	made, err := Kept(path, "Lab CA")
	require.NoError(t, err)
	again, err := Kept(path, "another name")
	require.NoError(t, err)
	require.Equal(t, made.PEM(), again.PEM())
	issued, err := again.Issue(Spec{Name: "shop"})
	require.NoError(t, err)
	_, err = issued.Leaf.Verify(x509.VerifyOptions{Roots: made.Pool()})
	require.NoError(t, err)

	require.NoError(t, os.WriteFile(path, []byte("spoilt"), 0o600))
	_, err = Kept(path, "Lab CA")
	require.ErrorContains(t, err, "reading the authority")
}
