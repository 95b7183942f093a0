package site

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Redactor takes the secrets of user-data out of what other programs write: they print what they were
// given, and know no types.
type Redactor struct {
	long  *strings.Replacer
	short *regexp.Regexp // whole words only; nil if there is none
}

// Secrets makes a Redactor for the secrets of user-data: what is a Secret by type, and in Kairos' own keys,
// which are not ours, what is one by its key's name. What cannot be read has none that others could print.
func Secrets(documents ...[]byte) Redactor {
	var values []string
	for _, data := range documents {
		for decoder := yaml.NewDecoder(bytes.NewReader(data)); ; {
			var document yaml.Node
			if decoder.Decode(&document) != nil {
				break
			}
			values = append(values, secretsBelow(&document, false)...)
		}
		if reading, err := Parse("user-data", data); err == nil {
			values = append(values, secretsOf(reflect.ValueOf(reading.Site))...)
		}
	}
	return redactorOf(values)
}

// secretName finds keys whose values are to be kept. Files and commands are among them: they hold tokens
// in places that nobody can foresee.
var secretName = regexp.MustCompile(`(?i)pass|secret|token|key|credential|cert|private|auth|psk|content|command|proxy`)

// secretsBelow collects the values of a document that are, or may be, secret.
func secretsBelow(node *yaml.Node, secret bool) []string {
	var found []string
	switch node.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			found = append(found, secretsBelow(node.Content[i+1], secret || secretName.MatchString(node.Content[i].Value))...)
		}
	case yaml.SequenceNode, yaml.DocumentNode:
		for _, item := range node.Content {
			found = append(found, secretsBelow(item, secret)...)
		}
	case yaml.ScalarNode:
		if u, err := url.Parse(node.Value); err == nil && u.User != nil {
			password, _ := u.User.Password()
			found = append(found, password)
		}
		if secret && node.Tag != "!!bool" && node.Tag != "!!null" {
			found = append(found, node.Value)
		}
	case yaml.AliasNode: // its anchor is in the document
	}
	return found
}

// secretsOf collects what is a Secret by type.
func secretsOf(v reflect.Value) []string {
	if secret, ok := v.Interface().(v1alpha1.Secret); ok {
		return []string{secret.Reveal()}
	}
	var found []string
	switch v.Kind() { //nolint:exhaustive // the others hold nothing
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				found = append(found, secretsOf(v.Field(i))...)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			found = append(found, secretsOf(v.Index(i))...)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			found = append(found, secretsOf(v.MapIndex(key))...)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			found = secretsOf(v.Elem())
		}
	}
	return found
}

// shortSecret is replaced only as a whole word: a password "on" must not make a log unreadable.
const shortSecret = 6

func redactorOf(values []string) Redactor {
	var long, short []string
	for _, value := range values {
		for _, form := range forms(value) {
			switch form = strings.TrimSpace(form); {
			case form == "" || form == v1alpha1.Redacted:
			case len(form) < shortSecret:
				short = append(short, regexp.QuoteMeta(form))
			default:
				long = append(long, form)
			}
		}
	}
	// What is longer first: a secret may be a part of another one.
	slices.SortFunc(long, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, form := range slices.Compact(long) {
		pairs = append(pairs, form, v1alpha1.Redacted)
	}
	r := Redactor{long: strings.NewReplacer(pairs...)}
	if len(short) > 0 {
		slices.SortFunc(short, func(a, b string) int { return len(b) - len(a) })
		r.short = regexp.MustCompile(`(^|[^0-9A-Za-z])(` + strings.Join(short, "|") + `)([^0-9A-Za-z]|$)`)
	}
	return r
}

// forms are the ways in which a value may be printed: as it is, line by line, quoted as JSON, Go and YAML
// quote, in an address, and as base64.
func forms(value string) []string {
	if value == "" {
		return nil
	}
	all := append([]string{value}, strings.Split(value, "\n")...)
	if quoted, err := json.Marshal(value); err == nil {
		all = append(all, strings.Trim(string(quoted), `"`))
	}
	return append(
		all, strings.Trim(strconv.Quote(value), `"`), strings.ReplaceAll(value, "'", "''"),
		url.QueryEscape(value), url.PathEscape(value), base64.StdEncoding.EncodeToString([]byte(value)),
	)
}

// Redact gives the text without the secrets.
func (r Redactor) Redact(text string) string {
	if r.long == nil {
		return text
	}
	text = r.long.Replace(text)
	if r.short == nil {
		return text
	}
	for { // two of them may share what is between them
		next := r.short.ReplaceAllString(text, "${1}"+v1alpha1.Redacted+"${3}")
		if next == text {
			return text
		}
		text = next
	}
}
