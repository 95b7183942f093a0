package site

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// Certificates takes PEM, or base64 of PEM, and gives PEM: at least one certificate, and nothing else.
func Certificates(text string) (string, error) {
	data := []byte(strings.TrimSpace(text))
	if !strings.Contains(text, "-----BEGIN") {
		decoded, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
		if err != nil {
			return "", fmt.Errorf("it is neither PEM nor base64: %w", err)
		}
		data = decoded
	}
	var out strings.Builder
	begun, ended := strings.Count(string(data), "-----BEGIN"), 0
	for {
		found, rest := pem.Decode(data)
		if found == nil {
			break
		}
		if found.Type != "CERTIFICATE" {
			return "", fmt.Errorf("it holds a %s: only certificates belong here", found.Type)
		}
		if _, err := x509.ParseCertificate(found.Bytes); err != nil {
			return "", fmt.Errorf("a certificate cannot be read: %w", err)
		}
		found.Headers, ended = nil, ended+1
		out.Write(pem.EncodeToMemory(found))
		data = rest
	}
	switch {
	case out.Len() == 0:
		return "", errors.New("it holds no certificate")
	case ended < begun:
		return "", fmt.Errorf("one of its %d certificates is damaged or has no end", begun)
	}
	return out.String(), nil
}
