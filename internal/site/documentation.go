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

## Where it comes from

User-data may come from several sources. The closer a source is to this one host, and the later it can
still be changed, the stronger it is: an ISO is for many sites, a volume is for one host, ` + "`/run`" + ` is for
one boot, and ` + "`config_url`" + ` is what the site says now.

| source, weakest first | where | read by |
|---|---|---|
| boot medium | ` + "`*.yaml`" + ` at the root of the ISO (` + "`/run/initramfs/live`" + `) | the installation |
| oem | ` + "`/oem/*.yaml`" + ` | every host |
| cidata | a volume labelled cidata: ` + "`user-data`" + `, and ` + "`*.yaml`" + ` beside it (NoCloud; ` + "`meta-data`" + ` is not read) | the installation |
| run | ` + "`/run/stylet/user-data/*.yaml`" + ` | every host |
| config_url | what the top-level key ` + "`config_url`" + ` names, by http or https, and what that names in turn, three at most | the installation |

All of them are merged, our blocks and the keys of Kairos:

- maps key by key;
- a value of a later source wins over one of an earlier source, and a warning (` + "`key.overridden`" + `) names both
  places. Two files of one source that disagree are an error that names both, but for keys of Kairos in
  ` + "`/oem`" + `: there it acts on both already, and the agent warns. A key without a value says nothing;
- lists of our blocks by the name of their items, and ` + "`users`" + ` and ` + "`write_files`" + ` by name and path: an item is
  taken as a whole, by the same rule. Other lists of Kairos are put behind each other, as Kairos does it, and
  an item that two files have is one;
- ` + "`stages`" + `: two equal steps of two files are one, two different ones with the same name are an error, and a
  step without a name gets one (` + "`user-data.yaml boot 2`" + `): no step takes another's place, none acts twice;
- ` + "`stylus:`" + ` counts as ` + "`stylet:`" + `. An empty text below it says nothing.

What sense the values make together is checked after that, and told where they stand.

A ` + "`config_url`" + ` that cannot be fetched, is no cloud-config, leads in a circle or through more than three redirects
ends the installation with an error that says which address (without login and query), why, and what to do.
It may take 30 seconds and bring 1 MiB. Kairos' templates in it are not supported.

The installation writes the merged text to the host as the only user-data (` + "`/oem/90_custom.yaml`" + `, for root
alone). Its stages act during the installation and on the host; of ` + "`install:`" + ` kairos-agent gets what is not
stylet's to decide (device, partitions, source and image, format, reboot and poweroff, users are; a line of the installation
names those that were given).

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
