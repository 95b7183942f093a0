package nspawn

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"

	"github.com/stylet-edge/stylet/internal/lab/process"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

//go:embed packages.txt
var packageList string

// finishScript makes the Debian tree an OS layer that passes compose's preflight. Kernel, initrd
// and boot loader files are stand-ins of a few bytes: no boot loader reads them here.
//
//go:embed root/finish.sh
var finishScript string

const release = "bookworm"

// Rootfs gives a tar of the small Debian root, made by mmdebstrap at the first call and kept in the
// user's cache under the digest of its recipe. It takes about a minute to make, and root.
func Rootfs(ctx context.Context) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("looking for the cache: %w", err)
	}
	recipe := v1alpha1.DigestOf([]byte(release + packageList + finishScript)).Short()
	dir := filepath.Join(cache, "stylet", "test-rootfs", recipe)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("making the cache: %w", err)
	}
	lock := flock.New(filepath.Join(dir, "lock"))
	if err := lock.Lock(); err != nil {
		return "", fmt.Errorf("waiting for another build of the root file system: %w", err)
	}
	defer lock.Close()
	tar := filepath.Join(dir, "root.tar")
	if _, err := os.Stat(tar); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return tar, err
	}
	if err := bootstrap(ctx, dir, tar); err != nil {
		return "", fmt.Errorf("making the root file system of the container: %w", err)
	}
	return tar, nil
}

// bootstrap writes the tar under another name first: a killed build leaves no half of one.
func bootstrap(ctx context.Context, dir, tar string) error {
	script := filepath.Join(dir, "finish.sh")
	//nolint:forbidigo // a file of this run, for the program that is started next
	if err := os.WriteFile(script, []byte(finishScript), 0o755); err != nil {
		return err
	}
	partial := filepath.Join(dir, "partial.tar")
	argv := []string{
		"mmdebstrap", "--quiet", "--mode=root", "--variant=essential", "--include=" + strings.Join(packages(), ","),
		"--customize-hook=" + script + ` "$1"`, "--aptopt=APT::Install-Recommends false",
	}
	for _, dir := range []string{"doc", "man", "info", "locale", "i18n", "zoneinfo", "lintian", "bash-completion"} {
		argv = append(argv, "--dpkgopt=path-exclude=/usr/share/"+dir+"/*")
	}
	if _, err := process.Output(ctx, append(argv, release, partial)...); err != nil {
		return err
	}
	//nolint:forbidigo // the cache can be made anew at any time: nothing durable
	return os.Rename(partial, tar)
}

// packages are the names in the list.
func packages() []string {
	var names []string
	for line := range strings.Lines(packageList) {
		if name, _, _ := strings.Cut(strings.TrimSpace(line), "#"); name != "" {
			names = append(names, name)
		}
	}
	return names
}
