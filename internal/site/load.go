package site

import (
	"errors"
	"os"
	"path/filepath"
	"slices"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Remedy of an error about user-data; the places are in the error itself.
const remedy = "correct the places named above; `stylet validate FILE` checks them on any machine"

// hostDirs hold the user-data of a host, below its root: the boot medium in the live system, the
// OEM partition in an installed one.
func hostDirs() []string { return []string{"run/initramfs/live", "oem"} }

// Load reads the user-data of the paths and merges what they say. A named file must be user-data;
// of a directory, the files that are (see LoadDir) are read. Origins say where each value stands.
//
// The error is a *fault.Error of kind Input and code site.invalid; v1alpha1.Problems, with all
// that is wrong, is on its chain. The Reading holds nothing but warnings then.
func Load(paths ...string) (Reading, error) {
	var m merger
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			m.addDir(path)
			continue
		}
		m.addFile(path)
	}
	return m.result()
}

// LoadDir reads the user-data files (*.yaml, *.yml) of a directory, not of those below it. Files
// without the cloud-config header or without a `stylet:` block are others' business and are
// ignored. A missing directory says nothing: the Site is empty. Errors are those of Load.
func LoadDir(dir string) (Reading, error) {
	var m merger
	m.addDir(dir)
	return m.result()
}

// LoadHost reads the user-data of the host whose file system is at root: that of the boot medium
// (/run/initramfs/live) and that of the OEM partition (/oem, where kairos-agent puts the merged
// user-data as 90_custom.yaml). Errors are those of Load.
func LoadHost(root string) (Reading, error) {
	var m merger
	for _, dir := range hostDirs() {
		m.addDir(filepath.Join(root, dir))
	}
	return m.result()
}

func (m *merger) addFile(path string) {
	data, err := readBounded(path)
	if err != nil {
		m.problems = append(m.problems, unreadable(path, err))
		return
	}
	m.add(parse(path, data))
}

func (m *merger) addDir(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		m.problems = append(m.problems, unreadable(dir, err))
	}
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		if !slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(path)) {
			continue
		}
		data, err := readBounded(path)
		switch {
		case err != nil:
			m.problems = append(m.problems, unreadable(path, err))
		case concernsUs(data):
			m.add(parse(path, data))
		}
	}
}

// result gives what was merged, or, after any problem, nothing but the problems.
func (m *merger) result() (Reading, error) {
	m.settle()
	warnings := m.problems.Warnings()
	if err := m.problems.Err(); err != nil {
		return Reading{Warnings: warnings}, fault.Wrap(err, fault.Input, "site.invalid", remedy, "reading the user-data")
	}
	m.Warnings = warnings
	return m.Reading, nil
}

// unreadable drops the path that os errors repeat.
func unreadable(path string, err error) v1alpha1.Problem {
	var pathError *os.PathError
	if errors.As(err, &pathError) {
		err = pathError.Err
	}
	return v1alpha1.Problem{File: path, What: "cannot be read: " + err.Error(), Code: v1alpha1.CodeFile}
}
