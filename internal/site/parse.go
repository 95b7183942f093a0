package site

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// The top-level keys that are ours to read: our own, and the documented one of the original.
const (
	block      = v1alpha1.SiteBlock
	documented = v1alpha1.DocumentedBlock
)

// header is the first line of a cloud-config file.
const header = "#cloud-config"

// file is one user-data file, read and checked by itself.
type file struct {
	parts    []part
	document *v1alpha1.Document // nil if it is not even YAML, or says nothing
	problems v1alpha1.Problems
}

// part is what one block of a file says.
type part struct {
	block string
	site  v1alpha1.Site
}

// parse checks what can be checked without the other files: shapes, and each value by itself.
func parse(name string, data []byte) file {
	if p, ok := notUserData(name, data); ok {
		return file{problems: v1alpha1.Problems{p}}
	}
	if saysNothing(data) {
		return file{}
	}
	document, err := v1alpha1.ParseDocument(name, data)
	if err != nil {
		return file{problems: asProblems(name, err)}
	}
	f := file{document: document}
	f.problems = append(f.problems, checkTop(document)...)
	for _, key := range []string{block, documented} {
		if !slices.Contains(document.Keys(), key) {
			continue
		}
		p := part{block: key}
		if key == block {
			f.problems = append(f.problems, document.Decode(key, &p.site)...)
		} else {
			f.problems = append(f.problems, document.Decode(key, &p.site.Documented)...)
		}
		f.problems = append(f.problems, document.Place(check(p, document))...)
		f.problems = append(f.problems, document.Place(remarks(key, document))...)
		f.parts = append(f.parts, p)
	}
	f.problems = append(f.problems, document.Place(unquoted(document))...)
	return f
}

// relations checks the file as if it were the whole, for when there is no whole.
func (f file) relations() v1alpha1.Problems {
	var found v1alpha1.Problems
	for _, p := range f.parts {
		found = append(found, f.document.Place(relate(p, f.document))...)
	}
	return found
}

// notUserData finds what makes a file something else than cloud-config.
func notUserData(name string, data []byte) (v1alpha1.Problem, bool) {
	p := v1alpha1.Problem{File: name, Code: v1alpha1.CodeFile}
	switch {
	case len(data) > v1alpha1.MaxDocumentBytes:
		p.What = fmt.Sprintf("the file has more than the %d bytes allowed", v1alpha1.MaxDocumentBytes)
		p.Remedy = "user-data is configuration: fetch large things by reference"
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		p.Line, p.What = 1, "the file begins with a byte order mark, which hides the header"
		p.Remedy = "save it as UTF-8 without byte order mark"
	case !hasHeader(data):
		p.Line, p.What = 1, "the first line is not "+header
		p.Remedy = "make " + header + " the first line; Kairos ignores the file without it"
	case !utf8.Valid(data):
		p.Line, p.What = 1+bytes.Count(data[:invalidAt(data)], []byte("\n")), "the file is not UTF-8 text"
		p.Remedy = "save it as UTF-8"
	default:
		return p, false
	}
	return p, true
}

func invalidAt(data []byte) int {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(data)
}

func hasHeader(data []byte) bool {
	first, _, _ := bytes.Cut(data, []byte("\n"))
	return string(bytes.TrimRight(first, " \t\r")) == header
}

// saysNothing is true for a file of comments and empty lines, which YAML has no document for.
func saysNothing(data []byte) bool {
	for line := range bytes.Lines(data) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			return false
		}
	}
	return true
}

// passedOver tells of a file in a shared directory that is not read here although Kairos reads it,
// by a header that it takes as well, or not in the first line (collector.HasValidHeader).
func (r *reader) passedOver(from SourceFile) v1alpha1.Problems {
	if r.blocksOnly || hasHeader(from.Data) || !kairosHeader.Match(from.Data) {
		return nil
	}
	return v1alpha1.Problems{{
		File: from.Name, Line: 1, What: "the file is passed over, and Kairos would read it: the first line is not " + header,
		Remedy: "make " + header + " the first line", Code: v1alpha1.CodeFile, Warning: true,
	}}
}

var kairosHeader = regexp.MustCompile(`\A(?:.*\n){0,9}#(?:cloud|kairos|node)-config[ \t\r]*(?:\n|\z)`)

var blockLine = regexp.MustCompile(`(?m)^[ \t{]*["']?(` + block + `|` + documented + `)["']?[ \t]*:`)

// concernsUs tells whether a file of a shared directory is ours to read: cloud-config, and YAML
// or at least with a line that begins our block. A broken file of somebody else is not our affair.
func concernsUs(data []byte) bool {
	if !hasHeader(data) {
		return false
	}
	if len(data) > v1alpha1.MaxDocumentBytes || blockLine.Match(data) {
		return true
	}
	_, err := v1alpha1.ParseDocument("", data)
	return err == nil && utf8.Valid(data)
}

// checkTop looks at the top-level keys: the block at most once, and no slip in its name, which
// would leave the host without its settings and without a word.
func checkTop(document *v1alpha1.Document) v1alpha1.Problems {
	var problems v1alpha1.Problems
	seen := map[string]int{}
	for _, key := range document.Keys() {
		seen[key]++
		for _, wanted := range []string{block, documented} {
			if key != wanted && isSlip(key, wanted) {
				p := document.Problem("", fmt.Sprintf("there is a top-level key %q", key), "did you mean "+wanted+"?")
				problems = append(problems, p.Coded(v1alpha1.CodeUnknownKey))
			}
		}
		if belongsBelow(key) {
			p := document.Problem("", misplaced(key), putBelow)
			p.Warning = !slices.Contains(document.Keys(), block) && !slices.Contains(document.Keys(), documented) // not our file, perhaps
			problems = append(problems, p.Coded(v1alpha1.CodeMisplaced))
		}
	}
	for _, key := range []string{block, documented} {
		if seen[key] > 1 {
			p := document.Problem("", fmt.Sprintf("the key %q stands %d times", key, seen[key]), "put all settings below one of them")
			problems = append(problems, p.Coded(v1alpha1.CodeRepeatedKey))
		}
	}
	return problems
}

const putBelow = "put it below " + block + ":"

func misplaced(key string) string {
	return fmt.Sprintf("%q stands at the top, where it has no effect", key)
}

// belongsBelow tells of our keys that are not also Kairos' own.
func belongsBelow(key string) bool {
	if key == "install" || key == "debug" {
		return false
	}
	for _, known := range v1alpha1.SiteKeys() {
		if first, _, _ := strings.Cut(strings.ReplaceAll(known.Path, "[", "."), "."); first == key {
			return true
		}
	}
	return key == "siteNetwork"
}

// unquoted finds texts that Kairos would change: it reads user-data and writes it again on its way
// to the host. The day of passwordExpiry is understood either way.
func unquoted(document *v1alpha1.Document) v1alpha1.Problems {
	var found v1alpha1.Problems
	for _, path := range document.Unquoted() {
		if !strings.HasSuffix(path, ".passwordExpiry") {
			found = append(found, v1alpha1.Problem{Path: path, What: "YAML takes this text for a number, a date or a truth value, and Kairos would write it differently", Remedy: "quote it"})
		}
	}
	return found
}

// asProblems takes an error of ParseDocument apart.
func asProblems(name string, err error) v1alpha1.Problems {
	if problems, ok := err.(v1alpha1.Problems); ok { //nolint:errorlint // ParseDocument returns it bare
		return problems
	}
	return v1alpha1.Problems{{File: name, What: err.Error()}}
}

// readBounded reads at most one byte more than is allowed, so that the excess shows.
func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, v1alpha1.MaxDocumentBytes+1))
}

// IsUserData tells by its first line whether data claims to be user-data.
func IsUserData(data []byte) bool { return hasHeader(data) }
