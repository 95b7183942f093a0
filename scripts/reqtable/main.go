// Command reqtable writes docs/requirements.md: every requirement, where it is
// implemented and which tests prove it, read from the code's own annotations.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

const (
	source = "docs/requirements.yaml"
	target = "docs/requirements.md"
)

func main() {
	check := flag.Bool("check", false, "fail when "+target+" is stale, and write nothing")
	root := flag.String("root", ".", "the repository")
	flag.Parse()
	if err := run(os.Stdout, *root, *check); err != nil {
		fmt.Fprintln(os.Stderr, "reqtable:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, root string, check bool) error {
	groups, err := readGroups(filepath.Join(root, source))
	if err != nil {
		return err
	}
	marks, err := scan(root)
	if err != nil {
		return err
	}
	table, err := render(groups, marks)
	if err != nil {
		return err
	}
	path := filepath.Join(root, target)
	if check {
		have, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(have, table) {
			return fmt.Errorf("%s is stale: run `make docs` and commit the result", target)
		}
		return nil
	}
	if err := os.WriteFile(path, table, 0o644); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, "wrote", target)
	return err
}
