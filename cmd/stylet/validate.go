package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"

	"github.com/spf13/cobra"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/site"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

const validateHelp = `Check user-data and profiles before they reach a site.

User-data is a cloud-config file: its first line is #cloud-config, and the
settings of stylet are below the key stylet, or below the documented key stylus.
The other keys belong to Kairos, and are checked only for what would be lost when
files are merged. A profile says
kind: ClusterProfile.

All problems of all files are told at once, one per line, as
FILE:LINE:COLUMN: KEY: WHAT IS WRONG (WHAT TO DO) [CODE]. Each file is checked by
itself. A warning is about a key that is understood and does not do what it says:
the file can be used. With --strict warnings are errors.

Exit status: 0 all files are right, 1 there are warnings, 65 there are problems.`

const validateExample = `  stylet validate user-data.yaml profile.yaml

  # for an editor or a build
  stylet validate -o json *.yaml | jq -r '.files[].problems[].what'`

// newValidateCommand makes `stylet validate`.
func newValidateCommand() *cobra.Command {
	output := newFormFlag("text", "json")
	strict := false
	cmd := &cobra.Command{
		Use:     "validate FILE... [--strict] [-o text|json]",
		Short:   "Check user-data and profiles, and tell all problems at once",
		Long:    validateHelp,
		Example: validateExample,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			answer := validateFiles(args, strict)
			if err := answer.write(cmd.OutOrStdout(), output.String()); err != nil {
				return fmt.Errorf("writing the answer: %w", err)
			}
			switch {
			case !answer.Valid:
				return fault.Exit(fault.ExitInput)
			case answer.warnings() > 0:
				return fault.Exit(fault.ExitWarn)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&strict, "strict", false, "take warnings for errors")
	cmd.Flags().VarP(output, "output", "o", "form of the answer")
	return cmd
}

// validateAnswer is the JSON form of the answer.
type validateAnswer struct {
	Valid bool            `json:"valid"`
	Files []validatedFile `json:"files"`
}

type validatedFile struct {
	File     string             `json:"file"`
	Kind     string             `json:"kind"` // user-data, profile or unknown
	Problems []validatedProblem `json:"problems"`
}

type validatedProblem struct {
	Line     int    `json:"line,omitempty"`
	Column   int    `json:"column,omitempty"`
	Path     string `json:"path,omitempty"`
	What     string `json:"what"`
	Remedy   string `json:"remedy,omitempty"`
	Code     string `json:"code"`
	Severity string `json:"severity"` // error or warning
	text     string
}

func validateFiles(paths []string, strict bool) validateAnswer {
	answer := validateAnswer{Valid: true}
	for _, path := range paths {
		file := validateFile(path, strict)
		answer.Files = append(answer.Files, file)
		for _, p := range file.Problems {
			answer.Valid = answer.Valid && p.Severity == severityWarning
		}
	}
	return answer
}

func (a validateAnswer) warnings() (n int) {
	for _, file := range a.Files {
		for _, p := range file.Problems {
			if p.Severity == severityWarning {
				n++
			}
		}
	}
	return n
}

const (
	severityError   = "error"
	severityWarning = "warning"
)

// validateFile tells user-data by its header and a profile by its kind. A file without either is
// taken for the one that it most likely should be, so that the problem says what is missing.
func validateFile(path string, strict bool) validatedFile {
	file := validatedFile{File: path, Kind: "unknown", Problems: []validatedProblem{}}
	var warnings, problems v1alpha1.Problems
	data, err := readBounded(path)
	if err == nil {
		if site.IsUserData(data) || !profileLine.Match(data) {
			file.Kind = "user-data"
			var read site.Reading
			read, err = site.Parse(path, data)
			warnings = read.Warnings
		} else {
			file.Kind = "profile"
			_, err = v1alpha1.ParseProfile(path, data)
		}
	}
	if err != nil && !errors.As(err, &problems) {
		problems = v1alpha1.Problems{{File: path, What: err.Error(), Code: v1alpha1.CodeFile}}
	}
	for _, p := range append(problems, warnings...).InOrder() {
		p.Warning = p.Warning && !strict
		severity := severityError
		if p.Warning {
			severity = severityWarning
		}
		file.Problems = append(file.Problems, validatedProblem{
			p.Line, p.Column, p.Path, p.What, p.Remedy, p.CodeOr(), severity, p.String() + " [" + p.CodeOr() + "]",
		})
	}
	return file
}

// readBounded reads a little more than is allowed, so that the parsers see the excess.
func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, v1alpha1.MaxDocumentBytes+1))
}

// profileLine begins a line that profiles have and user-data has not. The file need not be YAML
// for it: a slip in a profile must not be told as "not user-data".
var profileLine = regexp.MustCompile(`(?m)^["']?(kind["']?:[ \t]*["']?` + v1alpha1.KindProfile + `|apiVersion["']?:)`)

func (a validateAnswer) write(w io.Writer, form string) error {
	if form == "json" {
		return writeJSON(w, a)
	}
	for _, file := range a.Files {
		for _, p := range file.Problems {
			fmt.Fprintln(w, p.text)
		}
		if len(file.Problems) == 0 {
			fmt.Fprintf(w, "%s: this %s is right\n", file.File, file.Kind)
		}
	}
	return nil
}
