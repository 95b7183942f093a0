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

const release = "bookworm"

// Rootfs gives a tar of the small Debian root, made by mmdebstrap at the first call and kept in the
// user's cache under the digest of its recipe. It takes a minute or more to make, and root.
func Rootfs(ctx context.Context) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("looking for the cache: %w", err)
	}
	recipe := v1alpha1.DigestOf([]byte(release + " " + strings.Join(bootstrapArgs(), " "))).Short()
	dir := filepath.Join(cache, "stylet", "test-rootfs", recipe)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("making the cache: %w", err)
	}
	lock := flock.New(filepath.Join(dir, "lock"))
	if err := lock.Lock(); err != nil {
		return "", fmt.Errorf("waiting for another build of the root file system: %w", err)
	}
	defer func() { _ = lock.Close() }() // the process's end releases it as well
	tar := filepath.Join(dir, "root.tar")
	if _, err := os.Stat(tar); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return tar, err
	}
	// Under another name first: a killed build leaves no half of one.
	partial := filepath.Join(dir, "partial.tar")
	if _, err := process.Output(ctx, append(bootstrapArgs(), release, partial)...); err != nil {
		return "", fmt.Errorf("making the root file system of the container: %w", err)
	}
	return tar, os.Rename(partial, tar)
}

func bootstrapArgs() []string {
	args := []string{
		"mmdebstrap", "--quiet", "--mode=root", "--variant=essential",
		"--include=" + strings.Join(packages(packageList), ","),
		`--aptopt=APT::Install-Recommends "false"`,
	}
	for _, dir := range []string{"doc", "man", "info", "locale", "i18n", "zoneinfo", "bash-completion"} {
		args = append(args, "--dpkgopt=path-exclude=/usr/share/"+dir+"/*")
	}
	return args
}

// packages are the names in a list with comments.
func packages(list string) []string {
	var names []string
	for line := range strings.Lines(list) {
		name, _, _ := strings.Cut(line, "#")
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	return names
}
