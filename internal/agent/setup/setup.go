// Package setup puts stylet into a root file system: the binary, the provider's name, the units
// and their enablement. Images are made with it, by the installer's build and by compose, so that
// a binary always comes with the units it was written for.
package setup

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
)

// Units, and drop-ins for the units of others: the console is the screen on which a login prompt would
// be. They are drop-ins so that it is on each terminal that the kernel has for a console, whatever its name.
//
//go:embed units/*
var units embed.FS

const unitDir = "usr/lib/systemd/system"

// wanted lists which target wants which unit. Enablement is by links below /usr/lib, since
// /etc/systemd may be persistent and would then outlive the revision.
var wanted = map[string]string{
	"stylet-agent.service":   "multi-user.target",
	"stylet-booted.service":  "multi-user.target",
	"stylet-cidata.service":  "multi-user.target",
	"stylet-install.service": "multi-user.target",
	"stylet-site.service":    "sysinit.target",
	"stylet-trial.timer":     "timers.target",
}

// Install writes everything below root. The binary is read from the given file. It can be
// repeated, and replaces what an older stylet left.
func Install(root, binary string) error {
	r, err := os.OpenRoot(root)
	if err != nil {
		return fmt.Errorf("setting up stylet: %w", err)
	}
	defer r.Close()
	for _, step := range []func() error{
		func() error { return copyBinary(r, binary) },
		func() error { return link(r, "stylet", "usr/bin/agent-provider-stylet") },
		func() error { return r.MkdirAll("usr/lib/stylet", 0o755) },
		func() error { return writeUnits(r) },
	} {
		if err := step(); err != nil {
			return fmt.Errorf("setting up stylet in %s: %w", root, err)
		}
	}
	return nil
}

func copyBinary(r *os.Root, binary string) (err error) {
	src, err := os.Open(binary)
	if err != nil {
		return err
	}
	defer src.Close()
	if err := r.MkdirAll("usr/bin", 0o755); err != nil {
		return err
	}
	const name = "usr/bin/stylet"
	if err := r.RemoveAll(name); err != nil {
		return err
	}
	dst, err := r.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dst.Close()) }()
	_, err = io.Copy(dst, src)
	return err
}

func writeUnits(r *os.Root) error {
	return fs.WalkDir(units, "units", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		place := path.Join(unitDir, strings.TrimPrefix(name, "units"))
		if entry.IsDir() {
			return r.MkdirAll(place, 0o755)
		}
		data, err := units.ReadFile(name)
		if err != nil {
			return err
		}
		if err := r.WriteFile(place, data, 0o644); err != nil {
			return err
		}
		target, ok := wanted[entry.Name()]
		if !ok {
			return nil
		}
		if err := r.MkdirAll(path.Join(unitDir, target+".wants"), 0o755); err != nil {
			return err
		}
		return link(r, "../"+entry.Name(), path.Join(unitDir, target+".wants", entry.Name()))
	})
}

func link(r *os.Root, to, name string) error {
	if have, err := r.Readlink(name); err == nil && have == to {
		return nil
	}
	if err := r.RemoveAll(name); err != nil {
		return err
	}
	return r.Symlink(to, name)
}
