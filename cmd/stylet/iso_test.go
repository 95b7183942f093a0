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

// Requirement: C7
func TestISOBuildStopsAtWrongUserData(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		return path
	}
	good := put("good.yaml", "#cloud-config\nstylet: {logLevel: info}\n")
	bad := put("bad.yaml", "#cloud-config\nstylet: {logLevel: loud}\n")
	other := put("other.yaml", "hello: world\n")
	profile := put("profile.yaml", goodProfile)
	out := filepath.Join(dir, "site.iso")

	text, code := runVerb(t, newISOBuildCommand(), "--user-data", bad, "--out", out, "-o", "json")
	assert.Equal(t, fault.ExitInput, code)
	var answer validateAnswer
	require.NoError(t, json.Unmarshal([]byte(text), &answer), "%s", text)
	assert.False(t, answer.Valid)
	assert.Equal(t, "stylet.logLevel", answer.Files[0].Problems[0].Path)

	for what, c := range map[string]struct {
		args  []string
		code  int
		tells string
	}{
		"an error":                   {[]string{"--user-data", bad, "--out", out}, fault.ExitInput, "bad.yaml:2:20: stylet.logLevel"},
		"no user-data":               {[]string{"--out", out}, fault.ExitUsage, ""},
		"no ISO":                     {[]string{"--user-data", good}, fault.ExitUsage, ""},
		"a profile":                  {[]string{"--user-data", profile, "--out", out}, fault.ExitInput, ""},
		"an error in a second file":  {[]string{"--user-data", good, "--file", bad + ":90.yaml", "--out", out}, fault.ExitInput, "bad.yaml:2:20: stylet.logLevel"},
		"a second file of something": {[]string{"--user-data", good, "--file", other, "--out", out}, fault.ExitInput, "other.yaml:1: the first line is not #cloud-config"},
		"no release":                 {[]string{"--user-data", good, "--from", dir, "--out", out}, fault.ExitInput, ""},
	} {
		text, code := runVerb(t, newISOBuildCommand(), c.args...)
		assert.Equal(t, c.code, code, what)
		assert.Contains(t, text, c.tells, what)
		assert.NoFileExists(t, out, what)
	}
}

func TestSourceDateEpoch(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1000000000")
	date, err := sourceDate()
	require.NoError(t, err)
	assert.Equal(t, int64(1_000_000_000), date.Unix())
	t.Setenv("SOURCE_DATE_EPOCH", "yesterday")
	_, err = sourceDate()
	assert.Equal(t, fault.Usage, fault.KindOf(err))
	t.Setenv("SOURCE_DATE_EPOCH", "")
	date, err = sourceDate()
	require.NoError(t, err)
	assert.True(t, date.IsZero())
}
