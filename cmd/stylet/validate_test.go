package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/fault"
)

const goodProfile = `apiVersion: stylet.dev/v1alpha1
kind: ClusterProfile
metadata: {name: store, version: 1.0.0}
spec:
  layers:
    - {kind: os, name: debian, archive: os.tar.zst}
`

func TestValidateTellsAllProblemsOfAllFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	files := map[string]string{
		"good.yaml":       "#cloud-config\nstylet: {logLevel: info}\n",
		"bad.yaml":        "#cloud-config\nstylet: {logLevel: loud, assignmnt: {}}\n",
		"profile.yaml":    goodProfile,
		"broken.yaml":     goodProfile + "  layers: [\n",
		"slip.yaml":       goodProfile + "  gate: []\n",
		"nothing.yaml":    "hello: world\n",
		"userdata-no-hdr": "stylet: {}\n",
	}
	path := func(name string) string { return filepath.Join(dir, name) }
	for name, text := range files {
		require.NoError(t, os.WriteFile(path(name), []byte(text), 0o644))
	}

	out, code := runVerb(t, newValidateCommand(), path("good.yaml"), path("profile.yaml"))
	assert.Equal(t, fault.ExitOK, code)
	assert.Equal(t, path("good.yaml")+": this user-data is right\n"+path("profile.yaml")+": this profile is right\n", out)

	out, code = runVerb(t, newValidateCommand(), path("bad.yaml"), path("slip.yaml"), path("broken.yaml"), path("nothing.yaml"), path("userdata-no-hdr"), path("gone.yaml"))
	assert.Equal(t, fault.ExitInput, code)
	for _, want := range []string{
		`bad.yaml:2:20: stylet.logLevel: "loud" is not known here`,
		`bad.yaml:2:26: stylet.assignmnt: there is no key "assignmnt" here (did you mean assignment?)`,
		`slip.yaml:7:3: spec.gate: there is no key "gate" here (did you mean gates?)`,
		`broken.yaml:`,
		`nothing.yaml:1: the first line is not #cloud-config`,
		`userdata-no-hdr:1: the first line is not #cloud-config`,
		`gone.yaml: open `,
	} {
		assert.Contains(t, out, want)
	}

	out, code = runVerb(t, newValidateCommand(), "-o", "json", path("bad.yaml"), path("profile.yaml"))
	assert.Equal(t, fault.ExitInput, code)
	var answer validateAnswer
	require.NoError(t, json.Unmarshal([]byte(out), &answer))
	assert.False(t, answer.Valid)
	assert.Equal(t, "user-data", answer.Files[0].Kind)
	assert.Len(t, answer.Files[0].Problems, 2)
	assert.Equal(t, 2, answer.Files[0].Problems[0].Line)
	assert.Equal(t, validatedFile{File: path("profile.yaml"), Kind: "profile", Problems: []validatedProblem{}}, answer.Files[1])
}

func TestValidateNeedsAFile(t *testing.T) {
	t.Parallel()
	_, code := runVerb(t, newValidateCommand())
	assert.NotEqual(t, fault.ExitOK, code)
}
