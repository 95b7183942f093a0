package site

import "context"

// Load reads the user-data of the paths as one source. A named file must be user-data; of a
// directory, the files that are (see DirSource) are read. config_url is not followed. Errors are
// those of Read.
func Load(paths ...string) (Reading, error) {
	return Read(context.Background(), []Source{NamedSource("files", paths...)}, nil)
}

// LoadDir reads our blocks in the user-data of a directory, as DirSource finds it, and nothing else:
// what others wrote beside them, and how it fits together, must not stop a host that runs. A missing
// directory says nothing: the Site is empty. Errors are those of Read.
func LoadDir(dir string) (Reading, error) { return loadBlocks(DirSource(SourceOEM, dir)) }

// LoadHost reads our blocks in the sources of the host whose file system is at root, like LoadDir.
func LoadHost(root string) (Reading, error) { return loadBlocks(HostSources(root)...) }

func loadBlocks(sources ...Source) (Reading, error) {
	r := reader{blocksOnly: true}
	for _, source := range sources {
		r.add(source)
	}
	return r.result()
}

// Parse reads one user-data file. The name is what problems call it. Errors are those of Read.
func Parse(name string, data []byte) (Reading, error) {
	return Read(context.Background(), []Source{{Name: "files", Files: []SourceFile{{Name: name, Data: data}}}}, nil)
}
