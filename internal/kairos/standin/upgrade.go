package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// upgrade is kairos-agent's UpgradeAction.Run (pkg/action/upgrade.go), seen from the disk.
type upgrade struct {
	state, oem string
	// account is a file that receives one line per operation, or empty.
	account     string
	fromPassive bool
	// pause is waited after each operation, and after each MiB copied, so that kills hit the middle.
	pause time.Duration
	// dieAfter kills this process, as a power cut would, after so many operations; 0 never does.
	dieAfter int
	done     int
}

func (u *upgrade) run(image string) (err error) {
	back, err := makeWritable(u.state)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, back()) }()
	transition := u.image("transition")
	// The clean-up stack: the left-over is removed also after an error, never after a kill.
	defer func() {
		if _, statErr := os.Stat(transition); statErr == nil {
			err = errors.Join(err, u.did("unlink cOS/transition.img", os.RemoveAll(transition)))
		}
	}()
	if err := u.copy(image, transition); err != nil {
		return err
	}
	if err := u.label("COS_ACTIVE", "transition"); err != nil {
		return err
	}
	if !u.fromPassive {
		if err := u.rename("active", "passive"); err != nil {
			return err
		}
		if err := u.label("COS_PASSIVE", "passive"); err != nil {
			return err
		}
		u.sync()
	}
	if err := u.rename("transition", "active"); err != nil {
		return err
	}
	u.sync()
	return u.selectEntry()
}

func (u *upgrade) image(name string) string { return filepath.Join(u.state, "cOS", name+".img") }

// did notes an operation that was done, and pauses.
func (u *upgrade) did(what string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	fmt.Println("standin:", what)
	if u.done++; u.done == u.dieAfter {
		if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
			return err
		}
		select {} // the signal is on its way
	}
	if u.account != "" {
		f, err := os.OpenFile(u.account, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(f, what); err != nil {
			return errors.Join(err, f.Close())
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	u.wait()
	return nil
}

func (u *upgrade) wait() {
	if u.pause > 0 {
		<-time.After(u.pause)
	}
}

// copy is utils.CopyFile: created anew, written through, holes and all, never synced by itself.
func (u *upgrade) copy(from, to string) (err error) {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.Create(to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	if err := u.did("create cOS/"+filepath.Base(to), nil); err != nil {
		return err
	}
	for {
		if _, err := io.CopyN(target, source, 1<<20); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		u.wait()
	}
}

func (u *upgrade) label(label, image string) error {
	out, err := exec.Command("tune2fs", "-L", label, u.image(image)).CombinedOutput()
	if err != nil {
		return fmt.Errorf("tune2fs: %w: %s", err, out)
	}
	return u.did("label cOS/"+image+".img "+label, nil)
}

func (u *upgrade) rename(from, to string) error {
	return u.did("rename cOS/"+from+".img cOS/"+to+".img", os.Rename(u.image(from), u.image(to)))
}

// sync is what kairos-agent calls; it writes everything back, but leaves the journals to replay.
func (u *upgrade) sync() {
	// The real one calls sync(2); the machines of other tests need not wait for this one.
	if f, err := os.Open(u.state); err == nil {
		_ = unix.Syncfs(int(f.Fd()))
		_ = f.Close()
	}
	_ = u.did("sync", nil)
}

// selectEntry is utils.SetPersistentVariables with next_entry=cos: the file is truncated and
// written anew, sorted, empty values dropped, filled up to a multiple of 1024.
func (u *upgrade) selectEntry() error {
	path := filepath.Join(u.oem, "grubenv")
	values := map[string]string{"next_entry": "cos"}
	if data, err := os.ReadFile(path); err == nil {
		for line := range strings.Lines(string(data)) {
			name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
			if ok && !strings.HasPrefix(name, "#") && name != "next_entry" {
				values[name] = value
			}
		}
	}
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	sort.Strings(names)
	var block strings.Builder
	block.WriteString("# GRUB Environment Block\n")
	for _, name := range names {
		if values[name] != "" {
			fmt.Fprintf(&block, "%s=%s\n", name, values[name])
		}
	}
	block.WriteString(strings.Repeat("#", 1024-block.Len()%1024))
	return u.did("write grubenv", os.WriteFile(path, []byte(block.String()), 0o644))
}
