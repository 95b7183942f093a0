package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/stylet-edge/stylet/internal/base/version"
)

// pinned are the modules whose versions decide how stylet behaves on a Kairos host.
var pinned = []string{
	"github.com/kairos-io/kairos-sdk", "github.com/mudler/yip", "github.com/jaypipes/ghw",
	"github.com/coreos/go-systemd/v22", "github.com/google/go-containerregistry",
}

type versionInfo struct {
	Version string            `json:"version"`
	Commit  string            `json:"commit"`
	Date    string            `json:"date"`
	Go      string            `json:"go"`
	Arch    string            `json:"arch"`
	Pins    map[string]string `json:"pins"`
}

func newVersionCommand() *cobra.Command {
	output := newFormFlag("text", "json")
	cmd := &cobra.Command{
		Use:     "version [-o text|json]",
		Short:   "Print what was built, from what",
		Long:    "Print the version (git describe), commit, build, and the versions of the libraries\nthat decide how stylet behaves on a Kairos host.",
		Example: "  stylet version -o json | jq -r .version",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			info := thisVersion()
			if output.String() == "json" {
				return writeJSON(cmd.OutOrStdout(), info)
			}
			w := cmd.OutOrStdout()
			_, err := fmt.Fprintf(w, "stylet %s\ncommit %s (%s)\nbuilt with %s for %s\n", info.Version, info.Commit, info.Date, info.Go, info.Arch)
			for _, name := range pinned {
				if v, ok := info.Pins[name]; ok && err == nil {
					_, err = fmt.Fprintf(w, "  %s %s\n", name, v)
				}
			}
			return err
		},
	}
	cmd.Flags().VarP(output, "output", "o", "form of the answer")
	return cmd
}

func thisVersion() versionInfo {
	info := versionInfo{
		Version: version.Version, Commit: version.Commit, Date: version.Date,
		Go: runtime.Version(), Arch: runtime.GOOS + "/" + runtime.GOARCH, Pins: map[string]string{},
	}
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return info
	}
	for _, dep := range build.Deps {
		for _, name := range pinned {
			if dep.Path == name {
				info.Pins[name] = dep.Version
			}
		}
	}
	return info
}
