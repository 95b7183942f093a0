package v1alpha1

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

var update = flag.Bool("update", false, "write the golden files anew")

func profileFiles(tb testing.TB, pattern string) []string {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "profile", pattern))
	require.NoError(tb, err)
	require.NotEmpty(tb, files)
	return files
}

// golden compares with the file beside, or writes it with -update.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
}

// Requirement: A8
func TestParseProfileGood(t *testing.T) {
	for _, file := range profileFiles(t, "good/*.yaml") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			profile, err := ParseProfile(filepath.Base(file), data)
			require.NoError(t, err)
			canonical, err := profile.CanonicalJSON()
			require.NoError(t, err)
			golden(t, strings.TrimSuffix(file, ".yaml")+".golden.json", string(canonical)+"\n")
			assert.Equal(t, DigestOf(canonical), profile.Digest())
		})
	}
}

func TestParseProfileTellsEveryProblemAtItsPlace(t *testing.T) {
	for _, file := range profileFiles(t, "bad/*.yaml") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			profile, err := ParseProfile(filepath.Base(file), data)
			var problems Problems
			require.ErrorAs(t, err, &problems)
			assert.Zero(t, profile)
			golden(t, strings.TrimSuffix(file, ".yaml")+".golden.txt", err.Error()+"\n")
		})
	}
}

func TestParseProfileKeepsVersionsAsWritten(t *testing.T) {
	data, err := os.ReadFile("testdata/profile/good/least.yaml")
	require.NoError(t, err)
	_, err = ParseProfile("p.yaml", []byte(strings.Replace(string(data), "0.0.1", "1.30", 1)))
	require.ErrorContains(t, err, `"1.30" is not a semantic version (write 1.30.0)`)
}

func TestParseProfileRefusesHugeFiles(t *testing.T) {
	_, err := ParseProfile("p.yaml", make([]byte, MaxProfileBytes+1))
	require.ErrorContains(t, err, "more than the 1048576 allowed")
}

func pushedProfile() Profile {
	layer := func(kind LayerKind, name string) Layer {
		return Layer{
			Kind: kind, Name: name, Image: "/store/" + name + "@sha256:" + strings.Repeat("1", 64),
			Content: &LayerContent{Digest: Digest("sha256:" + strings.Repeat("2", 64)), Size: 1, UnpackedBytes: 4096, Files: 1},
		}
	}
	return Profile{
		APIVersion: APIVersion, Kind: KindProfile, Metadata: Metadata{Name: "store", Version: "1.0.0"},
		Spec: ProfileSpec{
			Layers: []Layer{layer(LayerOS, "os"), layer(LayerRuntime, "containerd")},
			Files:  []File{{Path: "/etc/motd", Content: "<&>\u2028\x7f"}},
		},
	}
}

func TestParsePushedProfile(t *testing.T) {
	want := pushedProfile()
	data, err := want.CanonicalJSON()
	require.NoError(t, err)
	got, err := ParsePushedProfile(data)
	require.NoError(t, err)
	assert.Equal(t, want, got)
	assert.Equal(t, DigestOf(data), got.Digest())

	for name, bad := range map[string]struct{ data, says string }{
		"indented":    {string(data) + "\n", "not in canonical form"},
		"unknown key": {strings.Replace(string(data), `"spec":{`, `"spec":{"colour":"red",`, 1), `unknown field "colour"`},
		"repeated":    {strings.Replace(string(data), `{"apiVersion"`, `{"kind":"x","apiVersion"`, 1), "not in canonical form"},
		"not JSON":    {"apiVersion: x", "invalid character"},
		"archive":     {strings.Replace(string(data), `"image":"/store/os@`, `"archive":"x","image":"/store/os@`, 1), "not in canonical form"},
		"too long":    {strings.Repeat(" ", MaxProfileBytes+1), "more than the 1048576 allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			require.NotEqual(t, string(data), bad.data)
			_, err := ParsePushedProfile([]byte(bad.data))
			require.ErrorContains(t, err, bad.says)
		})
	}
}

func TestValidatePushed(t *testing.T) {
	for name, breakIt := range map[string]func(*Profile){
		"spec.layers[0].archive: a local archive in a pushed profile":                                     func(p *Profile) { p.Spec.Layers[0].Archive = "x" },
		"spec.layers[1].content: the content is missing: what the layer holds and how much room it takes": func(p *Profile) { p.Spec.Layers[1].Content = nil },
		"spec.layers[1].image: the layer's image is missing":                                              func(p *Profile) { p.Spec.Layers[1].Image = "" },
		`spec.layers[1].image: "/a:1" is not pinned by a digest: what it names can change`:                func(p *Profile) { p.Spec.Layers[1].Image = "/a:1" },
		"spec.layers: the profile has no layers":                                                          func(p *Profile) { p.Spec.Layers = nil },
		"spec.layers[0].content.size: 0 is less than 1":                                                   func(p *Profile) { p.Spec.Layers[0].Content.Size = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			profile := pushedProfile()
			require.NoError(t, profile.ValidatePushed().Err())
			breakIt(&profile)
			problems := profile.ValidatePushed()
			require.Len(t, problems, 1)
			problems[0].Remedy = ""
			assert.Equal(t, name, problems[0].String())
		})
	}
}

func FuzzParseProfile(f *testing.F) {
	for _, pattern := range []string{"good/*.yaml", "bad/*.yaml"} {
		for _, file := range profileFiles(f, pattern) {
			data, err := os.ReadFile(file)
			require.NoError(f, err)
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		profile, err := ParseProfile("fuzz", data)
		if err != nil {
			var problems Problems
			if !errors.As(err, &problems) || len(problems) == 0 {
				t.Fatalf("not problems: %v", err)
			}
			return
		}
		written, err := yaml.Marshal(profile)
		require.NoError(t, err)
		again, err := ParseProfile("again", written)
		require.NoError(t, err, "%s", written)
		require.Equal(t, profile.Digest(), again.Digest(), "%s", written)
	})
}

func FuzzParsePushedProfile(f *testing.F) {
	data, err := pushedProfile().CanonicalJSON()
	require.NoError(f, err)
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		profile, err := ParsePushedProfile(data)
		if err != nil {
			return
		}
		again, err := json.Marshal(profile)
		require.NoError(t, err)
		require.Equal(t, string(data), string(again))
	})
}
