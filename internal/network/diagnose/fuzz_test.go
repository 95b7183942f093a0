package diagnose

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/fault"
)

func FuzzResolvConf(f *testing.F) {
	f.Add([]byte("nameserver 192.0.2.53\n"))
	f.Add([]byte("nameserver\tfe80::1%eth0 # comment\nnameserver\n options x\n;nameserver 192.0.2.1"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, address := range parseResolvConf(data) {
			assert.True(t, address.IsValid())
			assert.Contains(t, string(data), "nameserver")
		}
	})
}

func TestContentRange(t *testing.T) {
	for _, bad := range []string{"", "bytes", "bytes ", "bytes */9", "bytes 1-2/*", "bytes 3-2/9", "bytes 1-9/9", "bytes -1-2/9", "bytes 1-2", "items 1-2/9", "bytes +1-2/9"} {
		_, _, _, ok := parseContentRange(bad)
		assert.False(t, ok, bad)
	}
}

func FuzzContentRange(f *testing.F) {
	f.Add("bytes 1-4999/5000")
	f.Add("bytes */5000")
	f.Add("bytes 1-18446744073709551615/18446744073709551616")
	f.Fuzz(func(t *testing.T, header string) {
		first, last, size, ok := parseContentRange(header)
		if ok {
			assert.True(t, 0 <= first && first <= last && last < size, "%d-%d/%d", first, last, size)
		}
	})
}

func TestAuthSchemes(t *testing.T) {
	for header, want := range map[string]string{
		`Basic realm="store"`:                       "Basic",
		`Negotiate, NTLM, Basic realm="a, b"`:       "Negotiate NTLM Basic",
		`Digest realm="x", nonce="y", qop = "auth"`: "Digest",
		`NTLM TlRMTVNTUAACAAAAAAAAACgAAAABggAA`:     "NTLM",
		"":                                          "",
		"\x1b[31mBasic":                             "",
		strings.Repeat("a", 33) + ", Basic, basic, BASIC": "Basic",
	} {
		assert.Equal(t, want, strings.Join(authSchemes([]string{header}), " "), header)
	}
}

func FuzzAuthSchemes(f *testing.F) {
	f.Add(`Negotiate, Basic realm="a, b"`)
	f.Fuzz(func(t *testing.T, header string) {
		for _, scheme := range authSchemes([]string{header}) {
			assert.NotEmpty(t, scheme)
			assert.True(t, isToken(scheme), "%q is shown to people", scheme)
		}
	})
}

func TestTargets(t *testing.T) {
	for text, want := range map[string]string{
		"registry.example":                    "https registry.example 443 false",
		"registry.example:5000":               "https registry.example 5000 false",
		"[2001:db8::1]:5000":                  "https 2001:db8::1 5000 false",
		"2001:db8::1":                         "https 2001:db8::1 443 false",
		"registry.example:5000/site/store:1":  "https registry.example 5000 true",
		"docker.io/site/store:1":              "https index.docker.io 443 true",
		"http://files.example/a?token=secret": "http files.example 80 false",
		"https://u:secret@files.example:8443": "https files.example 8443 false",
	} {
		target, err := ParseTarget(text, "argument")
		require.NoError(t, err, text)
		assert.Equal(t, want, fmt.Sprintf("%s %s %s %t", target.Scheme, target.Host, target.Port, target.Registry))
		assert.NotContains(t, target.Name+target.root().String(), "secret")
	}
	for _, bad := range []string{"", "a b", "host:", "host:0", "host:70000", "ftp://x/y", "https://", "host/Upper:1", "x://\x00", "site/store:1", "a:b:c"} {
		_, err := ParseTarget(bad, "argument")
		require.Error(t, err, bad)
		assert.Equal(t, fault.Input, fault.KindOf(err), bad)
		assert.NotEmpty(t, fault.RemedyOf(err), bad)
	}
	plain, err := ParseTarget("registry.example/site/store:1", "argument")
	require.NoError(t, err)
	assert.Equal(t, "http://registry.example/v2/", plain.withoutTLS().root().String())
}

func FuzzParseTarget(f *testing.F) {
	f.Add("registry.example:5000/site/store:1")
	f.Add("https://u:p@files.example/a?b#c")
	f.Add("[::1]:5000")
	f.Fuzz(func(t *testing.T, text string) {
		target, err := ParseTarget(text, "argument")
		if err != nil {
			assert.Equal(t, fault.Input, fault.KindOf(err))
			return
		}
		assert.NotEmpty(t, target.Host)
		assert.NotEmpty(t, target.Port)
		_ = target.root().String()
	})
}
