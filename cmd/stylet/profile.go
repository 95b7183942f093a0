package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/spf13/cobra"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/base/version"
	"github.com/stylet-edge/stylet/internal/content"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

const profileHelp = `Work with cluster profiles: what runs on the hosts of a site, from the OS upwards.

A profile is a YAML file. Each of its layers is a compressed tar on the disk of
whoever writes the profile (archive:); 'push' uploads them and pins them by
digest. The pushed profile is what hosts are told to run, by its reference, as
stylet.assignment.profile in their user-data.`

const profilePushHelp = `Check the profile in FILE, upload its layers and then the profile itself.

Each layer's archive (tar compressed by zstd or gzip, its path relative to FILE)
is read once to learn its digest and the room it will take on a host, and
uploaded to REPOSITORY/LAYER unless the registry has it. The profile goes to
REFERENCE, a REGISTRY/REPOSITORY:TAG. Pushing the same again changes nothing and
gives the same digests.

On success the one line on stdout is the reference by digest, for hosts that must
run exactly this. What is going on is told on stderr.

Credentials are those of 'docker login' or 'podman login'; a proxy is taken from
HTTPS_PROXY and NO_PROXY.`

const profilePushExample = `  # publish version 1.2.0 of the profile "store"
  stylet profile push store.yaml registry.example.com/profiles/store:1.2.0

  # to a registry without TLS, in a lab
  stylet profile push store.yaml lab.example.com:5000/store:dev --plain-http`

// newProfileCommand makes `stylet profile` with its verbs.
func newProfileCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "profile",
		Short: "Push and show cluster profiles",
		Long:  profileHelp,
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newProfilePushCommand(), newProfileShowCommand())
	return cmd
}

func newProfilePushCommand() *cobra.Command {
	var plainHTTP bool
	cmd := &cobra.Command{
		Use:     "push FILE REFERENCE",
		Short:   "Upload a profile and its layers to a registry",
		Long:    profilePushHelp,
		Example: profilePushExample,
		Args:    cobra.ExactArgs(2),
		RunE:    func(cmd *cobra.Command, args []string) error { return runProfilePush(cmd, args[0], args[1], plainHTTP) },
	}
	addPlainHTTP(cmd, &plainHTTP)
	return cmd
}

func runProfilePush(cmd *cobra.Command, file, reference string, plainHTTP bool) error {
	profile, err := readProfile(file)
	if err != nil {
		return err
	}
	progress := newProgressLines(cmd.ErrOrStderr())
	pushed, err := content.Push(cmd.Context(), registryClient(reference, plainHTTP), content.PushRequest{
		Profile: profile, Dir: filepath.Dir(file), Reference: reference, Progress: progress.show,
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "pushed %s (profile %s) to %s\n", pushed.Profile.Title(), pushed.Profile.Digest().Short(), reference)
	fmt.Fprintln(cmd.OutOrStdout(), pushed.Reference)
	return nil
}

// readProfile reads a profile in source form, with all of its problems as one error.
func readProfile(file string) (v1alpha1.Profile, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return v1alpha1.Profile{}, fault.Wrap(err, fault.Input, "profile.file", "name a profile's YAML file", "reading the profile")
	}
	profile, err := v1alpha1.ParseProfile(file, data)
	if err != nil {
		return v1alpha1.Profile{}, fault.New(fault.Input, "profile.invalid", "correct the file at the places named", "the profile cannot be used:\n%v\n", err)
	}
	return profile, nil
}

func addPlainHTTP(cmd *cobra.Command, plainHTTP *bool) {
	cmd.Flags().BoolVar(plainHTTP, "plain-http", false, "permit the registry of the reference to answer without TLS")
}

// registryClient makes a client for a person at a desk: with their credentials.
func registryClient(reference string, plainHTTP bool) *content.Client {
	options := content.Options{UserAgent: "stylet/" + version.Version, Keychain: authn.DefaultKeychain}
	if ref, err := name.ParseReference(reference); err == nil && plainHTTP {
		options.Registries = []v1alpha1.Registry{{Host: ref.Context().RegistryStr(), PlainHTTP: true}}
	}
	return content.NewClient(options)
}
