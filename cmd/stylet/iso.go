package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/content"
	"github.com/stylet-edge/stylet/internal/iso"
	"github.com/stylet-edge/stylet/internal/site"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

const isoBuildHelp = `Make a site's installer: one ISO with the installer, the site's user-data and files
of the site. It starts by BIOS and by UEFI, from a CD and from a USB stick.

The user-data is checked first, as by 'stylet validate'; an error ends the command
with the same report, a warning does not. It becomes /user-data.yaml of the ISO.
Each --file is put beside it, under its own name or under NAME, which may have
folders. A file at the top whose name ends in .yaml or .yml must be user-data too:
the installer reads and merges all of them.

--from is the folder with the released files of the installer (rootfs.squashfs,
kernel, initrd, grub.cfg, efi.img, bios.img, mbr.img, SHA256SUMS). They are checked
against their checksums. In a checkout 'make iso' makes them, in dist/installer.

The same files give the same ISO, byte for byte: all dates in it are that of the
root image, or SOURCE_DATE_EPOCH (seconds since 1970) of the environment. The ISO is
readable by its owner alone, since user-data holds secrets; it gets its name when it
is whole, and replaces a file of that name. A link is not followed.

It needs the program xorriso, and no root.`

const isoBuildExample = `  stylet iso build --user-data user-data.yaml --out store-17.iso

  # with a file that the site's user-data refers to, from a release elsewhere
  stylet iso build --from ~/stylet-1.4/installer --user-data user-data.yaml \
    --file ca.pem:site/ca.pem --out store-17.iso

  # for a script
  stylet iso build --user-data user-data.yaml --out store-17.iso -o json | jq -r .digest`

// newISOCommand makes `stylet iso`.
func newISOCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "iso", Short: "Make installer ISOs for sites", Args: cobra.NoArgs, Long: "Make installer ISOs for sites.",
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newISOBuildCommand())
	return cmd
}

func newISOBuildCommand() *cobra.Command {
	b := isoBuild{output: newFormFlag("text", "json")}
	cmd := &cobra.Command{
		Use:     "build --user-data FILE --out ISO [--file PATH[:NAME]]... [--from DIR] [-o text|json]",
		Short:   "Make an installer ISO with a site's user-data and files",
		Long:    isoBuildHelp,
		Example: isoBuildExample,
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return b.run(cmd) },
	}
	cmd.Flags().StringVar(&b.userData, "user-data", "", "the site's user-data `FILE`")
	cmd.Flags().StringArrayVar(&b.files, "file", nil, "a `PATH[:NAME]` of the site to put into the ISO; repeatable")
	cmd.Flags().StringVar(&b.from, "from", "installer", "folder `DIR` with the released files of the installer")
	cmd.Flags().StringVar(&b.out, "out", "", "the `ISO` to write")
	cmd.Flags().VarP(b.output, "output", "o", "form of the answer")
	return cmd
}

// isoBuild is one call of `stylet iso build`.
type isoBuild struct {
	userData, from, out string
	files               []string
	output              *formFlag
}

func (b isoBuild) run(cmd *cobra.Command) error {
	for flag, value := range map[string]string{"--user-data": b.userData, "--out": b.out} {
		if value == "" {
			return usageError(fmt.Errorf("%s is missing", flag), cmd.CommandPath())
		}
	}
	date, err := sourceDate()
	if err != nil {
		return err
	}
	request := iso.Request{From: b.from, UserData: b.userData, Out: b.out, Date: date, Runner: command.Local{}}
	for _, text := range b.files {
		request.Files = append(request.Files, iso.ParseFile(text))
	}
	if err := b.validate(cmd, request.Files); err != nil {
		return err
	}
	lines := newProgressLines(cmd.ErrOrStderr())
	request.Progress = func(p iso.Progress) {
		lines.show(content.PushProgress{Step: p.Step, Layer: p.File, Done: p.Done, Total: p.Total})
	}
	result, err := iso.Build(cmd.Context(), request)
	if err != nil {
		return err
	}
	if b.output.String() == "json" {
		return writeJSON(cmd.OutOrStdout(), result)
	}
	return sayISO(cmd.OutOrStdout(), result)
}

// validate checks all that the installer will read as user-data, and tells all problems at once.
func (b isoBuild) validate(cmd *cobra.Command, files []iso.File) error {
	paths := []string{b.userData}
	for _, f := range files {
		if slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(f.Name)) && !strings.Contains(f.Name, "/") {
			paths = append(paths, f.Path)
		}
	}
	answer := validateFiles(paths, false)
	for _, file := range answer.Files {
		if file.Kind != "user-data" {
			return fault.New(fault.Input, "iso.not-user-data", "name user-data; another .yaml goes into a folder: --file PATH:site/NAME",
				"%s is no user-data (%s), and the installer reads every .yaml at the top of the ISO", file.File, file.Kind)
		}
	}
	switch {
	case !answer.Valid && b.output.String() == "json":
		if err := answer.write(cmd.OutOrStdout(), "json"); err != nil {
			return err
		}
		return fault.Exit(fault.ExitInput)
	case !answer.Valid || answer.warnings() > 0:
		if err := answer.write(cmd.ErrOrStderr(), "text"); err != nil {
			return err
		}
	}
	if !answer.Valid {
		return fault.Exit(fault.ExitInput)
	}
	// Each file by itself may be right, and all of them together not.
	_, err := site.Load(paths...)
	return err
}

// sourceDate reads SOURCE_DATE_EPOCH (reproducible-builds.org), zero when it is not set.
func sourceDate() (time.Time, error) {
	text := os.Getenv("SOURCE_DATE_EPOCH")
	if text == "" {
		return time.Time{}, nil
	}
	seconds, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return time.Time{}, fault.New(fault.Usage, "usage", "set it to seconds since 1970, or unset it", "SOURCE_DATE_EPOCH is %q", text)
	}
	return time.Unix(int64(seconds), 0), nil
}

func sayISO(out io.Writer, made iso.Result) error {
	_, err := fmt.Fprintf(out, `%s: %s, %s
It starts by BIOS and by UEFI (Secure Boot switched off), from a CD and from a stick.
To write it to a stick, whose content is lost then (lsblk shows the stick's name):

  sudo dd if=%[1]s of=/dev/sdX bs=4M conv=fsync status=progress

It holds what is secret in the user-data: keep it, and its sticks, like a password.
`, made.Path, v1alpha1.Size(made.Bytes).Human(), made.Digest)
	return err
}
