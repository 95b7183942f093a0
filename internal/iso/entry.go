package iso

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/stylet-edge/stylet/internal/base/fault"
)

// UserDataName is the user-data's name in the ISO. The installer reads every .yaml beside it.
const UserDataName = "user-data.yaml"

// File is a file of the site.
type File struct {
	// Path is where it is, Name its name in the ISO, which may have folders: "ca/site.pem". Default the
	// last part of Path.
	Path, Name string
}

// ParseFile reads PATH[:NAME].
func ParseFile(text string) File {
	if at := strings.LastIndex(text, ":"); at > 0 {
		return File{Path: text[:at], Name: text[at+1:]}
	}
	return File{Path: text, Name: filepath.Base(text)}
}

// entry is a file that goes into the ISO.
type entry struct {
	path string // absolute, without links: xorriso would put the link into the ISO
	name string // in the ISO; empty for what is no file of it
	mode fs.FileMode
	size int64
}

func newEntry(path, name string, mode fs.FileMode) (entry, error) {
	resolved, err := filepath.EvalSymlinks(path)
	if err != nil {
		return entry{}, err
	}
	if resolved, err = filepath.Abs(resolved); err != nil {
		return entry{}, err
	}
	file, err := os.Open(resolved) // what cannot be read should be known now
	if err != nil {
		return entry{}, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return entry{}, err
	}
	if !info.Mode().IsRegular() {
		return entry{}, fmt.Errorf("%s is no file", path)
	}
	return entry{path: resolved, name: name, mode: mode, size: info.Size()}, nil
}

func totalOf(entries []entry) (total int64) {
	for _, e := range entries {
		total += e.size
	}
	return total
}

// siteMode keeps what may be secret to the owner: the live system shows the ISO as a file system.
const siteMode = 0o400

// siteEntries gives the entries of the site's files, the user-data first.
func siteEntries(userData string, files []File) ([]entry, error) {
	first, err := newEntry(userData, UserDataName, siteMode)
	if err != nil {
		return nil, fault.Wrap(err, fault.Input, "iso.file", "name a file that you may read", "adding the user-data")
	}
	entries := []entry{first}
	for _, f := range files {
		if err := checkName(f.Name, entries[1:]); err != nil {
			return nil, err
		}
		e, err := newEntry(f.Path, f.Name, siteMode)
		if err != nil {
			return nil, fault.Wrap(err, fault.Input, "iso.file", "name a file that you may read; of a folder, each file",
				"adding %s", f.Path)
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// nameForm is what every reader of an ISO shows as it is: the names that Rock Ridge keeps.
var nameForm = regexp.MustCompile(`^[A-Za-z0-9_+@,-][A-Za-z0-9._+@,-]*(/[A-Za-z0-9_+@,-][A-Za-z0-9._+@,-]*)*$`)

// maxName bounds a name with its folders: ISO 9660 and its readers get into trouble above 255.
const maxName = 200

// checkName refuses names that a reader might not find again, ours, and those that are taken. Names
// that differ in case only are the same to some readers.
func checkName(name string, taken []entry) error {
	if len(name) > maxName || !nameForm.MatchString(name) {
		return wrongName(name, "it cannot be a name in an ISO: letters, digits and . _ + @ , - and / between folders, at most %d", maxName)
	}
	if first, _, _ := strings.Cut(name, "/"); slices.ContainsFunc(ourNames(), func(our string) bool { return strings.EqualFold(our, first) }) {
		return wrongName(name, "%s is the installer's own", first)
	}
	for _, e := range taken {
		switch {
		case strings.EqualFold(e.name, name):
			return wrongName(name, "two files have it (the other is %s)", e.path)
		case inside(name, e.name) || inside(e.name, name):
			return wrongName(name, "it would be a file and a folder (of %s)", e.name)
		}
	}
	return nil
}

func wrongName(name, format string, args ...any) error {
	return fault.New(fault.Input, "iso.name", "give another one: --file PATH:NAME", "the name %q in the ISO: %s", name, fmt.Sprintf(format, args...))
}

func inside(name, folder string) bool {
	return len(name) > len(folder) && strings.EqualFold(name[:len(folder)+1], folder+"/")
}

// ourNames are what is at the top of the ISO already, each file or folder.
func ourNames() []string {
	names := []string{UserDataName}
	for _, name := range inISO() {
		first, _, _ := strings.Cut(name, "/")
		names = append(names, first)
	}
	return names
}
