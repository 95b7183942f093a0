package main

import (
	"bufio"
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// mark is one annotation: an id, and the place that carries it.
type mark struct {
	ID    string
	File  string // relative to the repository, with slashes
	Line  int
	Name  string // the function, when the annotation stands above one
	Proof bool   // a test or a phase of the lab, as opposed to an implementation
}

var (
	annotation = regexp.MustCompile(`^\s*(?://|#)\s*Requirements?:\s*(.*?)\s*$`)
	idList     = regexp.MustCompile(`^[A-Z][0-9]+(\s*,\s*[A-Z][0-9]+)*\.?$`)
)

// lab holds the virtual machine phases: not Go tests, but proofs.
func lab(file string) bool {
	return strings.HasPrefix(file, "scripts/lab/") || strings.HasPrefix(file, "internal/lab/")
}

// scan reads the annotations of all Go files and shell scripts under root.
func scan(root string) ([]mark, error) {
	var marks []mark
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() {
			if path != root && (strings.HasPrefix(name, ".") || name == "testdata" || name == "dist" || name == "node_modules" || name == "reqtable") {
				return filepath.SkipDir
			}
			return nil
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		var found []mark
		switch rel = filepath.ToSlash(rel); filepath.Ext(name) {
		case ".go":
			found, err = scanGo(path, rel)
		case ".sh":
			found, err = scanShell(path, rel)
		}
		marks = append(marks, found...)
		return err
	})
	return marks, err
}

func scanGo(path, rel string) ([]mark, error) {
	source, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if !bytes.Contains(source, []byte("Requirement")) {
		return nil, nil
	}
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, source, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	functions := map[*ast.CommentGroup]string{}
	for _, decl := range file.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok && f.Doc != nil {
			functions[f.Doc] = f.Name.Name
		}
	}
	test := strings.HasSuffix(rel, "_test.go")
	var marks []mark
	for _, group := range file.Comments {
		for _, comment := range group.List {
			at := mark{File: rel, Line: files.Position(comment.Pos()).Line, Name: functions[group], Proof: test || lab(rel)}
			found, err := parse(comment.Text, at)
			if err != nil {
				return nil, err
			}
			if len(found) > 0 && test && !strings.HasPrefix(at.Name, "Test") && !strings.HasPrefix(at.Name, "Fuzz") {
				return nil, fmt.Errorf("%s:%d: the Requirement line must stand directly above a Test or Fuzz function", rel, at.Line)
			}
			marks = append(marks, found...)
		}
	}
	return marks, nil
}

func scanShell(path, rel string) ([]mark, error) {
	source, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var marks []mark
	lines := bufio.NewScanner(bytes.NewReader(source))
	for n := 1; lines.Scan(); n++ {
		found, err := parse(lines.Text(), mark{File: rel, Line: n, Proof: lab(rel)})
		if err != nil {
			return nil, err
		}
		marks = append(marks, found...)
	}
	return marks, lines.Err()
}

// parse turns one comment line into the marks it holds: none, if it is no annotation.
func parse(line string, at mark) ([]mark, error) {
	match := annotation.FindStringSubmatch(line)
	if match == nil {
		return nil, nil
	}
	if !idList.MatchString(match[1]) {
		return nil, fmt.Errorf("%s:%d: want `Requirement: A2, U1`, have %q", at.File, at.Line, strings.TrimSpace(line))
	}
	var marks []mark
	for id := range strings.SplitSeq(strings.TrimSuffix(match[1], "."), ",") {
		at.ID = strings.TrimSpace(id)
		marks = append(marks, at)
	}
	return marks, nil
}
