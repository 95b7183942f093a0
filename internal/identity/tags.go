package identity

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// MaxTagBytes bounds a file with tags, and what a program prints of them.
const MaxTagBytes = 64 << 10

// ParseTagFile reads tags as site.tagsFromFile describes them: a tag between two delimiters (default: a
// line), its name before the first separator (default: a colon), and its value, which may hold more of
// them, behind. Empty parts are skipped; a part without separator is an error that names it.
func ParseTagFile(data []byte, how v1alpha1.TagsFromFile) (map[string]string, error) {
	delimiter, separator := "\n", ":"
	if how.Delimiter != "" {
		delimiter = unescape(how.Delimiter)
	}
	if how.Separator != "" {
		separator = unescape(how.Separator)
	}
	tags := map[string]string{}
	for part := range strings.SplitSeq(string(data), delimiter) {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		name, value, ok := strings.Cut(part, separator)
		if name = strings.TrimSpace(name); !ok || name == "" {
			return nil, fmt.Errorf("%q is not NAME%sVALUE", part, separator)
		}
		tags[name] = strings.TrimSpace(value)
	}
	return tags, nil
}

// unescape lets user-data write a newline or a tab in single quotes.
func unescape(text string) string { return strings.NewReplacer(`\n`, "\n", `\t`, "\t").Replace(text) }

// ParseTagOutput reads the flat JSON object that the program of site.tagsFromScript prints. Numbers and
// truth values become text as they are written.
func ParseTagOutput(data []byte) (map[string]string, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var object map[string]any
	if err := decoder.Decode(&object); err != nil {
		return nil, fmt.Errorf("it is not a JSON object: %w", err)
	}
	if decoder.More() {
		return nil, errors.New("there is more behind the JSON object")
	}
	tags := map[string]string{}
	for name, value := range object {
		switch value := value.(type) {
		case string:
			tags[name] = value
		case json.Number, bool:
			tags[name] = fmt.Sprint(value)
		case nil:
			tags[name] = ""
		default:
			return nil, fmt.Errorf("the value of %q is not text: tags are a flat object", name)
		}
	}
	return tags, nil
}

// MergeTags puts the sources of tags together, the first one named wins: what the user-data says
// itself, then the file, then the program.
func MergeTags(sources ...map[string]string) map[string]string {
	merged := map[string]string{}
	for i := len(sources) - 1; i >= 0; i-- {
		maps.Copy(merged, sources[i])
	}
	return merged
}
