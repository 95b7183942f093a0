package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

const profileShowHelp = `Show what a profile asks for: its layers with what they cost to download and to
store, its files, its gates and the bounds of a trial.

The argument is a reference (REGISTRY/REPOSITORY:TAG or @sha256:DIGEST) or, if
there is such a file, a profile's YAML file, which is checked on the way. As yaml
or json it is the profile alone, complete with the contents of its files.`

const profileShowExample = `  # what would a host get?
  stylet profile show registry.example.com/profiles/store:1.2.0

  # is the file right? (exit status 65 and every problem with its place, if not)
  stylet profile show store.yaml

  # the layers' digests, for a program
  stylet profile show registry.example.com/profiles/store:1.2.0 -o json |
    jq -r '.spec.layers[] | .name + " " + .content.digest'`

func newProfileShowCommand() *cobra.Command {
	var plainHTTP bool
	form := newFormFlag("table", "json", "yaml")
	cmd := &cobra.Command{
		Use:     "show REFERENCE|FILE",
		Short:   "Show what a profile asks for",
		Long:    profileShowHelp,
		Example: profileShowExample,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runProfileShow(cmd, args[0], form.String(), plainHTTP)
		},
	}
	cmd.Flags().VarP(form, "output", "o", "form of the answer")
	addPlainHTTP(cmd, &plainHTTP)
	return cmd
}

func runProfileShow(cmd *cobra.Command, source, form string, plainHTTP bool) error {
	profile, where, err := findProfile(cmd, source, plainHTTP)
	if err != nil {
		return err
	}
	switch out := cmd.OutOrStdout(); form {
	case "json":
		err = writeJSON(out, profile)
	case "yaml":
		encoder := yaml.NewEncoder(out)
		encoder.SetIndent(2)
		err = encoder.Encode(profile)
	default:
		err = writeProfileTable(out, profile, where)
	}
	if err != nil {
		return fmt.Errorf("writing the profile: %w", err)
	}
	return nil
}

func findProfile(cmd *cobra.Command, source string, plainHTTP bool) (v1alpha1.Profile, string, error) {
	if info, err := os.Stat(source); err == nil && !info.IsDir() {
		profile, err := readProfile(source)
		return profile, source + " (not pushed)", err
	}
	resolved, err := registryClient(source, plainHTTP).Resolve(cmd.Context(), source)
	return resolved.Profile, resolved.Reference, err
}

func writeProfileTable(out io.Writer, profile v1alpha1.Profile, where string) error {
	fmt.Fprintf(out, "%s\n", profile.Title())
	fmt.Fprintf(out, "from     %s\n", where)
	fmt.Fprintf(out, "profile  %s\n\n", profile.Digest())

	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "LAYER\tKIND\tDOWNLOAD\tUNPACKED\tFILES\tIMAGE")
	layers := profile.Spec.Layers
	if profile.Spec.Agent != nil {
		agent := *profile.Spec.Agent
		agent.Kind = v1alpha1.LayerAgent
		layers = append(layers[:len(layers):len(layers)], agent)
	}
	for _, layer := range layers {
		if layer.Content == nil {
			fmt.Fprintf(table, "%s\t%s\t-\t-\t-\t%s\n", layer.Name, layer.Kind, layer.Archive)
			continue
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%s\n", layer.Name, layer.Kind, v1alpha1.Size(layer.Content.Size).Human(),
			v1alpha1.Size(layer.Content.UnpackedBytes).Human(), layer.Content.Files, layer.Image)
	}
	writeConfiguration(table, profile.Spec)
	return table.Flush()
}

func writeConfiguration(table io.Writer, spec v1alpha1.ProfileSpec) {
	if len(spec.Files) > 0 {
		fmt.Fprintln(table, "\nFILE\tMODE\tSIZE")
	}
	for _, file := range spec.Files {
		mode := file.Mode
		if mode == "" {
			mode = "0644"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", file.Path, mode, v1alpha1.Size(len(file.Content)).Human())
	}
	if len(spec.Gates) > 0 {
		fmt.Fprintln(table, "\nGATE\tREQUIRED\tWITHIN\tSETTLES\tCOMMAND")
	}
	for _, gate := range spec.Gates {
		required := "no"
		if gate.IsRequired() {
			required = "yes"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", gate.Name, required, gate.Timeout.Or(v1alpha1.DefaultGateTimeout),
			gate.Settle.Or(v1alpha1.DefaultGateSettle), strings.Join(gate.Command, " "))
	}
	tries := spec.Trial.Tries
	if tries == 0 {
		tries = v1alpha1.DefaultTrialTries
	}
	fmt.Fprintf(table, "\nA new revision is on trial for %s at most, and for %d boots.\n", spec.Trial.Deadline.Or(v1alpha1.DefaultTrialDeadline), tries)
}
