package identity

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// maxUID bounds what is read of a file that holds an ID.
const maxUID = 64 << 10

// defaultPaths are the documented one, and what boards without DMI have (devicetree-specification,
// /serial-number).
func defaultPaths() []v1alpha1.DeviceUIDPath {
	return []v1alpha1.DeviceUIDPath{
		{Name: "/sys/class/dmi/id/product_uuid"},
		{Name: "/sys/firmware/devicetree/base/serial-number"},
	}
}

// worthless are IDs that several machines carry, because a vendor never set them: the same host twice
// would be worse than a random one. They are seen in the field; AMI's firmware comes with the first.
func worthless() []string {
	return []string{
		"03000200-0400-0500-0006-000700080009", "12345678-1234-5678-90ab-cddeefaabbcc",
		"not settable", "not specified", "not present", "default string", "system serial number",
		"to be filled by o.e.m.", "to be filled by oem", "none", "unknown", "0123456789", "123456789",
	}
}

// Derive reads the host's own ID from the first of the files that has one, or from the documented
// default for none; "" if no file helps. From is the file's path.
func Derive(root string, paths []v1alpha1.DeviceUIDPath) (id, from string) {
	if len(paths) == 0 {
		paths = defaultPaths()
	}
	for _, p := range paths {
		if text := pick(filepath.Join(root, p.Name), p.Regex); text != "" {
			return text, p.Name
		}
	}
	return "", ""
}

func pick(path, expression string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxUID))
	if err != nil {
		return ""
	}
	text := strings.TrimSpace(strings.ReplaceAll(string(data), "\x00", ""))
	if expression != "" {
		text = match(text, expression)
	}
	if text = strings.TrimSpace(text); text == "" || isWorthless(text) {
		return ""
	}
	return bounded(text)
}

// match gives the expression's first group, or the whole match if it has none.
func match(text, expression string) string {
	re, err := regexp.Compile(expression)
	if err != nil {
		return "" // `stylet validate` has told it
	}
	found := re.FindStringSubmatch(text)
	switch {
	case found == nil:
		return ""
	case len(found) > 1:
		return found[1]
	}
	return found[0]
}

func isWorthless(text string) bool {
	text = strings.ToLower(text)
	if slices.Contains(worthless(), text) {
		return true
	}
	// All of one character: zeros, or ones in hex.
	bare := strings.NewReplacer("-", "", " ", "", ":", "").Replace(text)
	return bare == "" || strings.Trim(bare, bare[:1]) == ""
}
