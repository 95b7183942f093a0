package main

import (
	"encoding/json"
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
settings of stylet are below the key stylet. The other keys belong to Kairos and
are not checked. A profile says kind: ClusterProfile.

All problems of all files are told at once, one per line, as
FILE:LINE:COLUMN: KEY: WHAT IS WRONG (WHAT TO DO). Each file is checked by itself.

Exit status: 0 all files are right, 65 there are problems.`

const validateExample = `  stylet validate user-data.yaml profile.yaml

  # for an editor or a build
  stylet validate -o json *.yaml | jq -r '.files[].problems[].what'`

// newValidateCommand makes `stylet validate`.
func newValidateCommand() *cobra.Command {
	output := newFormFlag("text", "json")
	cmd := &cobra.Command{
		Use:     "validate FILE... [-o text|json]",
		Short:   "Check user-data and profiles, and tell all problems at once",
		Long:    validateHelp,
		Example: validateExample,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			answer := validateFiles(args)
			if err := answer.write(cmd.OutOrStdout(), output.String()); err != nil {
				return fmt.Errorf("writing the answer: %w", err)
			}
			if !answer.Valid {
				return fault.Exit(fault.ExitInput)
			}
			return nil
		},
	}
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
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
	Path   string `json:"path,omitempty"`
	What   string `json:"what"`
	Remedy string `json:"remedy,omitempty"`
	text   string
}

func validateFiles(paths []string) validateAnswer {
	answer := validateAnswer{Valid: true}
	for _, path := range paths {
		file := validateFile(path)
		answer.Valid = answer.Valid && len(file.Problems) == 0
		answer.Files = append(answer.Files, file)
	}
	return answer
}

// validateFile tells user-data by its header and a profile by its kind. A file without either is
// taken for the one that it most likely should be, so that the problem says what is missing.
func validateFile(path string) validatedFile {
	file := validatedFile{File: path, Kind: "unknown", Problems: []validatedProblem{}}
	data, err := readBounded(path)
	if err == nil {
		if site.IsUserData(data) || !profileLine.Match(data) {
			file.Kind = "user-data"
			_, _, err = site.Parse(path, data)
		} else {
			file.Kind = "profile"
			_, err = v1alpha1.ParseProfile(path, data)
		}
	}
	var problems v1alpha1.Problems
	if err != nil && !errors.As(err, &problems) {
		problems = v1alpha1.Problems{{File: path, What: err.Error()}}
	}
	for _, p := range problems {
		file.Problems = append(file.Problems, validatedProblem{p.Line, p.Column, p.Path, p.What, p.Remedy, p.String()})
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
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(a)
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
