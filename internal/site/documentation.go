package site

import (
	"fmt"
	"strings"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

const documentationHead = `# User-data

<!-- Written by ` + "`make docs`" + ` from the keys in pkg/api/v1alpha1/site_keys.go: change them there. -->

User-data is what a site says about a host. It is a YAML file whose first line is ` + "`#cloud-config`" + `, built
into the ISO (` + "`make iso USER_DATA=FILE`" + `); the installation puts it on the host's OEM partition (` + "`/oem`" + `).

    stylet init site user-data.yaml      # every key, with what it does, to start from
    stylet validate user-data.yaml       # all problems at once, with line, column and remedy
    stylet config show --origin          # on a host: what counts, and where it stands

The block ` + "`stylet:`" + ` is read strictly: an unknown key, a wrong shape or a key given twice with different
values is an error with file, line, column and remedy, and nothing of a file with an error is used. The
documented block ` + "`stylus:`" + ` is accepted beside it, or instead of it, with the same meaning. Everything
outside the two is Kairos' and passes untouched.

Several files may carry the blocks (` + "`/oem`" + ` is searched): maps are merged by key, lists item by item, and
two different values for one key are an error that names both places.

An editor that speaks JSON schema (yaml-language-server) completes and checks the keys with
` + "`stylet init site --schema user-data.schema.json`" + `.

What a key does is one of:

| state | meaning |
|---|---|
| effective | it does what it says |
| planned | it is understood and checked, and has no effect yet: ` + "`validate`" + ` warns, and says when it will |
| deprecated | an old name: it does what it did, and ` + "`validate`" + ` names the new one |
| ignored | it never has an effect: ` + "`validate`" + ` says why |
| unsupported | an error: without it the host would do something else than was meant |
`

// Documentation is docs/user-data.md.
func Documentation() []byte {
	types := map[string]string{}
	for _, p := range v1alpha1.SitePaths() {
		types[p.Path] = p.Type
	}
	var b strings.Builder
	b.WriteString(documentationHead)
	table := func(title string, ours bool) {
		fmt.Fprintf(&b, "\n## %s\n\n| key | type | default | effect | state | since |\n|---|---|---|---|---|---|\n", title)
		for _, key := range v1alpha1.SiteKeys() {
			if key.Ours != ours {
				continue
			}
			effect := key.Effect
			if key.Note != "" {
				effect += ". " + strings.ToUpper(key.Note[:1]) + key.Note[1:]
			}
			def := key.Default
			if def != "" && !strings.Contains(def, " ") {
				def = "`" + def + "`"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s |\n", key.Path, types[key.Path], def, effect, key.State, key.Since)
		}
	}
	table("Keys of `stylet:` alone", true)
	table("Keys of `stylet:` and `stylus:`", false)
	return []byte(b.String())
}
