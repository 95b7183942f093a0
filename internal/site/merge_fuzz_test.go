package site

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// Two files of any text, of one source or of two: no panic, and either a problem, or a Document that
// says the same again, to stylet and to Kairos, and stays as it is when it is merged once more.
func FuzzMerge(f *testing.F) {
	for _, seed := range [][2]string{
		{full, "#cloud-config\nstylus: {site: {name: '', ntpServers: 'a b'}}\nusers: [{name: a}]\n"},
		{"#cloud-config\nstages: {boot: [{commands: [a]}, {name: x}, {name: x}]}\n", "#cloud-config\nstages: {boot: [{commands: [a]}, {name: y}], a.b: []}\n"},
		{"#cloud-config\na: &a {<<: {x: 1}, y: [*b, &b c]}\n", "#cloud-config\na: {x: |\n  t\n\n   u\n }\nl: [[a], ~, !!binary aGk=]\n"},
		{"#cloud-config\nwrite_files: [{path: /a}, {path: /a}]\nrun: [1, 1, 0x1]\nn: ~\n", "#cloud-config\nwrite_files: [{path: /a, content: \" x\\n\\ty \\n\"}]\nrun: [1, '1']\nn: 1\n"},
		{"#cloud-config\nstylet: {site: {tags: {a: ~, \"b]\": x}, users: [{name: a, passwordExpiry: 2030-01-01}]}}\n", "#cloud-config\nstylus: {site: {tags: {a: 1}}, imageRedirectWebhook: {enable: false}}\n"},
	} {
		f.Add(seed[0], seed[1], true)
		f.Add(seed[1], seed[0], false)
	}
	f.Fuzz(func(t *testing.T, one, other string, together bool) {
		a, b := SourceFile{Name: "a.yaml", Data: []byte(one)}, SourceFile{Name: "b.yaml", Data: []byte(other)}
		sources := []Source{{Name: "one", Files: []SourceFile{a}}, {Name: "other", Files: []SourceFile{b}}}
		if together {
			sources = []Source{{Name: "one", Files: []SourceFile{a, b}}}
		}
		read, err := Read(t.Context(), sources, nil)
		if err != nil {
			require.NotEmpty(t, problems(t, err))
			require.Nil(t, read.Document)
			return
		}
		again, err := Parse("document.yaml", read.Document)
		require.NoError(t, err, "%s", read.Document)
		require.Equal(t, read.Site, again.Site)
		require.Equal(t, string(read.Document), string(again.Document))
		var data any
		require.NoError(t, yaml.Unmarshal(read.Document, &data), "Kairos reads it too")
	})
}
