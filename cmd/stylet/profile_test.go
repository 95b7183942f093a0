package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/content"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

const shownProfile = `apiVersion: stylet.dev/v1alpha1
kind: ClusterProfile
metadata: {name: store, version: 1.2.0}
spec:
  layers:
    - {kind: os, name: debian, archive: os.tar.gz}
  files:
    - {path: /etc/motd, content: "hello\n"}
  gates:
    - {name: up, command: [systemctl, is-active, store.service], timeout: 1m}
    - {name: wanted, command: ["true"], required: false}
  trial: {deadline: 10m, tries: 2}
`

// profileOnDisk writes a profile with the archive of its layer, which holds one file of 5000 bytes.
func profileOnDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	var packed bytes.Buffer
	compressor := gzip.NewWriter(&packed)
	archive := tar.NewWriter(compressor)
	require.NoError(t, archive.WriteHeader(&tar.Header{Name: "usr/file", Typeflag: tar.TypeReg, Mode: 0o644, Size: 5000}))
	_, err := archive.Write(make([]byte, 5000))
	require.NoError(t, err)
	require.NoError(t, archive.Close())
	require.NoError(t, compressor.Close())
	require.NoError(t, os.WriteFile(filepath.Join(dir, "os.tar.gz"), packed.Bytes(), 0o600))
	file := filepath.Join(dir, "store.yaml")
	require.NoError(t, os.WriteFile(file, []byte(shownProfile), 0o600))
	return file
}

func memoryRegistry(t *testing.T) (host string) {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// Requirement: A8
func TestProfilePushThenShow(t *testing.T) {
	t.Parallel()
	file, host := profileOnDisk(t), memoryRegistry(t)
	out, code := runVerb(t, newProfileCommand(), "push", file, host+"/store:1.2.0", "--plain-http")
	require.Equal(t, fault.ExitOK, code, out)
	assert.Contains(t, out, "pushed store 1.2.0 (profile ")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	pinned := lines[len(lines)-1]
	assert.Regexp(t, "^"+host+"/store@sha256:[0-9a-f]{64}$", pinned)

	out, code = runVerb(t, newProfileCommand(), "show", pinned, "--plain-http")
	require.Equal(t, fault.ExitOK, code, out)
	assert.Regexp(t, `(?m)^debian +os +\d+ bytes +8\.0 KiB +1 +/store/debian@sha256:`, out)
	assert.Regexp(t, `(?m)^/etc/motd +0644 +6 bytes$`, out)
	assert.Regexp(t, `(?m)^up +yes +1m0s +10s +systemctl is-active store.service$`, out)
	assert.Regexp(t, `(?m)^wanted +no `, out)
	assert.Contains(t, out, "on trial for 10m0s at most, and for 2 boots")

	out, code = runVerb(t, newProfileCommand(), "show", host+"/store:1.2.0", "--plain-http", "-o", "json")
	require.Equal(t, fault.ExitOK, code, out)
	var profile v1alpha1.Profile
	require.NoError(t, json.Unmarshal([]byte(out), &profile))
	require.NoError(t, profile.ValidatePushed().Err())

	out, code = runVerb(t, newProfileCommand(), "show", host+"/store:1.2.0", "--plain-http", "-o", "yaml")
	require.Equal(t, fault.ExitOK, code, out)
	again, err := v1alpha1.ParseProfile("shown", []byte(out))
	require.NoError(t, err)
	assert.Equal(t, profile.Digest(), again.Digest(), "what is shown as yaml can be pushed again")
}

func TestProfileShowOfAFile(t *testing.T) {
	t.Parallel()
	file := profileOnDisk(t)
	out, code := runVerb(t, newProfileCommand(), "show", file)
	require.Equal(t, fault.ExitOK, code, out)
	assert.Contains(t, out, "store.yaml (not pushed)")
	assert.Regexp(t, `(?m)^debian +os +- +- +- +os.tar.gz$`, out)

	require.NoError(t, os.WriteFile(file, []byte(strings.Replace(shownProfile, "archive", "archiv", 1)), 0o600))
	_, err := readProfile(file)
	assert.Equal(t, fault.ExitInput, fault.ExitCodeOf(err))
	assert.Contains(t, fault.Text(err), `store.yaml:6:32: spec.layers[0].archiv: there is no key "archiv" here (did you mean archive?)`)
}

func TestProfileRefusals(t *testing.T) {
	t.Parallel()
	file, host := profileOnDisk(t), memoryRegistry(t)
	for name, test := range map[string]struct {
		args []string
		code int
	}{
		"plain http without a word": {[]string{"push", file, host + "/store:1"}, fault.ExitRefused},
		"a file that is not there":  {[]string{"push", file + "x", host + "/store:1"}, fault.ExitInput},
		"what was not pushed":       {[]string{"show", host + "/store:1", "--plain-http"}, fault.ExitInput},
		"a reference without tag":   {[]string{"push", file, host + "/store", "--plain-http"}, fault.ExitInput},
	} {
		_, code := runVerb(t, newProfileCommand(), test.args...)
		assert.Equal(t, test.code, code, name)
	}
}

func TestProgressLines(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		lines := newProgressLines(&out)
		for done := int64(0); done <= 10; done++ {
			lines.show(content.PushProgress{Step: "measuring", Layer: "small", Done: done, Total: 10})
		}
		for done := int64(0); done <= 5; done++ {
			lines.show(content.PushProgress{Step: "uploading", Layer: "big", Done: done << 20, Total: 5 << 20})
			time.Sleep(time.Second)
		}
		assert.Equal(t, "uploading big: 2.0 MiB of 5.0 MiB (40%)\nuploading big: 4.0 MiB of 5.0 MiB (80%)\n", out.String())
	})
}
