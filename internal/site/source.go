package site

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
)

// The sources of user-data by name, weakest first: what a later one says wins. The closer to this
// one host, and the later it can still be changed, the stronger: an ISO is for many sites, a cidata
// volume is for one host, /run is for this boot, and config_url is what the site says now.
const (
	SourceMedium = "boot medium"
	SourceOEM    = "oem"
	SourceCIData = "cidata"
	SourceRun    = "run"
	SourceURL    = "config_url"
)

// Where the user-data of a host stands below its root.
const (
	mediumDir = "run/initramfs/live" // the boot medium in the live system
	oemDir    = "oem"                // COS_OEM, in an installed system
	runDir    = "run/stylet/user-data"
)

// Source is a place where user-data comes from. Its files must agree with each other.
type Source struct {
	Name  string
	Files []SourceFile
}

// SourceFile is one file of a source.
type SourceFile struct {
	// Name is what problems call it.
	Name string
	Data []byte
	// Err is why it could not be read; it makes the user-data unusable.
	Err error
	// Shared files stand in a directory with those of others: what is not user-data is left alone.
	Shared bool
}

// HostSources gives the sources on the disk of the host whose file system is at root, weakest
// first. A cidata volume is not among them: who mounts it puts CIDataSource before SourceRun.
func HostSources(root string) []Source {
	return []Source{
		DirSource(SourceMedium, filepath.Join(root, mediumDir)),
		DirSource(SourceOEM, filepath.Join(root, oemDir)),
		DirSource(SourceRun, filepath.Join(root, runDir)),
	}
}

// DirSource has the files *.yaml and *.yml of a directory, in the order of their names, not those
// of the directories below it. A missing directory has none.
func DirSource(name, dir string) Source {
	source := Source{Name: name}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		source.Files = append(source.Files, SourceFile{Name: dir, Err: err})
	}
	for _, entry := range entries {
		if slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(entry.Name())) {
			file := readFile(filepath.Join(dir, entry.Name()))
			file.Shared = true
			source.Files = append(source.Files, file)
		}
	}
	return source
}

// CIDataSource has the user-data of a NoCloud volume that is mounted at dir: the file user-data,
// which must be cloud-config, and then *.yaml beside it.
func CIDataSource(dir string) Source {
	source := DirSource(SourceCIData, dir)
	if file := readFile(filepath.Join(dir, "user-data")); !errors.Is(file.Err, os.ErrNotExist) {
		source.Files = slices.Insert(source.Files, 0, file)
	}
	return source
}

// NamedSource has what a person named: a file must be user-data, a directory is one of DirSource.
func NamedSource(name string, paths ...string) Source {
	source := Source{Name: name}
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			source.Files = append(source.Files, DirSource(name, path).Files...)
			continue
		}
		source.Files = append(source.Files, readFile(path))
	}
	return source
}

func readFile(path string) SourceFile {
	data, err := readBounded(path)
	return SourceFile{Name: path, Data: data, Err: err}
}
