package site

import (
	"encoding/base64"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every kind of secret that a user-data file can hold, each of its own text.
const secretive = `#cloud-config
stylet:
  registries:
    - {host: r.example, username: store, password: "rEg1stry pa'ss"}
  site:
    edgeHostToken: t0ken-of-the-host
    users:
      - {name: op, passwd: "1234"}
    network:
      httpProxy: http://boss:pr0xy%21word@proxy:3128
stylus:
  registryCredentials: {domain: d.example, username: u, password: ZG9jdW1lbnRlZA==, encodedPassword: true}
stages:
  initramfs:
    - users: {root: {passwd: k4iros-root}}
      files:
        - path: /etc/app.conf
          content: |
            dsn=postgres://app:d4tabase@db/x
            line-two-of-it
      commands: ["curl -H 'Authorization: b3arer' https://x"]
p2p: {network_token: p2p-t0ken, auto: {enable: true}}
`

// What a program prints of its configuration, in whatever form, has no secret of the user-data.
//
// Requirement: U4
func TestSecretsAreTakenOutByValue(t *testing.T) {
	r := Secrets([]byte(secretive))
	secrets := []string{
		"rEg1stry pa'ss", "t0ken-of-the-host", "1234", "pr0xy!word", "pr0xy%21word", "ZG9jdW1lbnRlZA==", "documented", "k4iros-root",
		"d4tabase", "line-two-of-it", "b3arer", "p2p-t0ken",
	}
	for _, printed := range []string{secretive, "passwd: 1234 1234,1234\n", "dsn=postgres://app:d4tabase@db/x"} {
		quoted, err := json.Marshal(printed)
		require.NoError(t, err)
		for _, log := range []string{printed, string(quoted)} {
			log = r.Redact(log)
			for _, secret := range secrets {
				require.NotContains(t, log, secret)
			}
		}
	}
	require.NotContains(t, r.Redact("b64 "+base64.StdEncoding.EncodeToString([]byte("k4iros-root"))), "azRpcm9z")
	require.NotContains(t, r.Redact("documented"), "documented")
	kept := r.Redact(secretive)
	for _, plain := range []string{"r.example", "username: store", "path: /etc/app.conf", "enable: true", "encodedPassword: true", "12345"} {
		if plain == "12345" {
			kept = r.Redact("port 12345")
		}
		require.Contains(t, kept, plain, "what is no secret stays")
	}
}

func TestWithoutSecretsNothingIsTakenOut(t *testing.T) {
	for _, r := range []Redactor{{}, Secrets(), Secrets(nil), Secrets([]byte("#cloud-config\nstylet: {}\n"))} {
		require.Equal(t, "all of it", r.Redact("all of it"))
	}
}

func FuzzSecrets(f *testing.F) {
	f.Add(secretive, "k4iros-root")
	f.Add("#cloud-config\na: &x {passwd: y}\nb: *x\n", "y")
	f.Add("passwd: \"\\x00\"", "\x00")
	f.Fuzz(func(t *testing.T, file, text string) {
		once := Secrets([]byte(file)).Redact(text) // it ends
		require.Equal(t, text == "", once == "")
	})
}
