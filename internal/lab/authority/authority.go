// Package authority makes the certificates of a lab, by authorities that nobody else trusts.
package authority

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Certificate is one with its key, of an authority or of a server.
type Certificate struct{ tls.Certificate }

// Spec says what a certificate is for.
type Spec struct {
	// Name is the common name, Hosts what it is valid for as a server: names and addresses.
	Name  string
	Hosts []string
	// From and Until bound its life; the zero times are yesterday and in a month.
	From, Until time.Time
}

// New makes an authority. With hosts it can serve for them itself, as many a site's registry does.
func New(spec Spec) (*Certificate, error) {
	template := spec.template()
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	return sign(template, nil)
}

// Issue makes a server's certificate.
func (c *Certificate) Issue(spec Spec) (*Certificate, error) {
	template := spec.template()
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	return sign(template, c)
}

func (s Spec) template() *x509.Certificate {
	t := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: s.Name}, NotBefore: s.From, NotAfter: s.Until,
	}
	if s.From.IsZero() {
		t.NotBefore = time.Now().AddDate(0, 0, -1)
	}
	if s.Until.IsZero() {
		t.NotAfter = time.Now().AddDate(0, 1, 0)
	}
	for _, host := range s.Hosts {
		if ip := net.ParseIP(host); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, host)
		}
	}
	return t
}

// sign signs by an authority, nil for the certificate's own key.
func sign(template *x509.Certificate, by *Certificate) (*Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	parent, parentKey := template, crypto.PrivateKey(key)
	if by != nil {
		parent, parentKey = by.Leaf, by.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), parentKey)
	if err != nil {
		return nil, fmt.Errorf("signing a certificate: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("reading a certificate: %w", err)
	}
	return &Certificate{tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}}, nil
}

// Kept gives the authority of a file, PEM with certificate and key, and makes it if there is none: a machine
// that trusts it goes on doing so when its road is taken up again.
func Kept(path, name string) (*Certificate, error) {
	kept, err := tls.LoadX509KeyPair(path, path)
	if err == nil {
		return &Certificate{kept}, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading the authority: %w", err)
	}
	made, err := New(Spec{Name: name})
	if err != nil {
		return nil, err
	}
	key, err := made.keyPEM()
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(path, append([]byte(made.PEM()), key...), 0o600); err != nil {
		return nil, fmt.Errorf("keeping the authority: %w", err)
	}
	return made, nil
}

// PEM is the certificate without its key.
func (c *Certificate) PEM() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate.Certificate[0]}))
}

func (c *Certificate) keyPEM() ([]byte, error) {
	key, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		return nil, fmt.Errorf("writing a key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), nil
}

// Pool trusts this certificate alone.
func (c *Certificate) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(c.Leaf)
	return pool
}

// Files writes the certificate and its key into a directory, for a program that wants files.
func (c *Certificate) Files(dir string) (certificate, key string, err error) {
	certificate, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	keyText, err := c.keyPEM()
	if err != nil {
		return "", "", err
	}
	if err := os.WriteFile(certificate, []byte(c.PEM()), 0o600); err != nil {
		return "", "", fmt.Errorf("writing a certificate: %w", err)
	}
	if err := os.WriteFile(key, keyText, 0o600); err != nil {
		return "", "", fmt.Errorf("writing a key: %w", err)
	}
	return certificate, key, nil
}
