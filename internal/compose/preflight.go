package compose

import (
	"bufio"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// required is what a root file system needs to boot under Kairos, to be upgraded and to go back;
// the first path of each is taken to be there if any of them is.
type required struct {
	paths []string
	what  string
	test  func(f *os.File) error
}

// requirements lists them. The sources are facts of immucore (sysroot, fsck), kairos-agent
// (tune2fs, rsync, grub2-editenv) and our GRUB configuration (panic= ends a failed try).
func requirements(architecture string) []required {
	return []required{
		{[]string{"boot/vmlinuz"}, "the kernel", notEmpty},
		{[]string{"boot/initrd"}, "the initrd with immucore", notEmpty},
		{[]string{"etc/cos/bootargs.cfg"}, "the kernel's arguments, panic= among them", holds("panic=")},
		{[]string{"etc/cos/grub.cfg"}, "the boot loader's configuration", notEmpty},
		{[]string{"etc/kairos-release"}, "the release file", notEmpty},
		{[]string{"etc/machine-id"}, "an empty machine-id: each host makes its own", empty},
		{[]string{"usr/bin/kairos-agent"}, "kairos-agent for " + architecture, machine(architecture)},
		{[]string{"usr/bin/rsync"}, "rsync, which immucore and kairos-agent call", program},
		{[]string{"usr/sbin/tune2fs", "usr/bin/tune2fs"}, "tune2fs, which kairos-agent calls", program},
		{[]string{"usr/bin/grub2-editenv", "usr/sbin/grub2-editenv"}, "grub2-editenv, which kairos-agent calls", program},
	}
}

// agentRequirements lists what proves an image on trial and takes the host back from a bad one: an
// image without them would stay on trial for ever.
func agentRequirements(architecture string) []required {
	const units = "usr/lib/systemd/system/"
	return []required{
		{[]string{"usr/bin/stylet"}, "stylet for " + architecture, machine(architecture)},
		{[]string{"usr/bin/agent-provider-stylet"}, "the link by which Kairos calls stylet at each boot", program},
		{[]string{units + "multi-user.target.wants/stylet-agent.service"}, "the agent's unit", notEmpty},
		{[]string{units + "multi-user.target.wants/stylet-booted.service"}, "the unit that reports the boot", notEmpty},
		{[]string{units + "timers.target.wants/stylet-trial.timer"}, "the timer of a trial's deadline", notEmpty},
		{[]string{units + "stylet-trial.service"}, "the unit that ends a trial at its deadline", notEmpty},
	}
}

// missing names what of the requirements the tree lacks.
func missing(t *tree, layer, rule string, requirements []required) []Violation {
	var found []Violation
	for _, r := range requirements {
		if err := r.met(t); err != nil {
			found = append(found, Violation{layer, "/" + r.paths[0], rule, fmt.Sprintf("missing %s (%v)", r.what, err)})
		}
	}
	return found
}

// preflightAgent rejects a tree that stylet could not prove, once the agent is in it.
func preflightAgent(root, architecture string) (err error) {
	t, err := openTree(root)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	return rejected(missing(t, string(v1alpha1.LayerAgent), "agent.preflight", agentRequirements(architecture)))
}

// preflight names all that the tree lacks to be booted.
func preflight(t *tree, layer, architecture string) []Violation {
	found := missing(t, layer, "os.preflight", requirements(architecture))
	for _, name := range []string{"bin", "sbin", "lib"} {
		var st unix.Stat_t
		if err := unix.Fstatat(t.fd, name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil || st.Mode&unix.S_IFMT != unix.S_IFLNK {
			found = append(found, Violation{layer, "/" + name, "os.usr-merge", "it must be a link to usr/" + name})
		}
	}
	return found
}

// met gives nil if one of the paths passes the test, or what is wrong with the first.
func (r required) met(t *tree) error {
	var first error
	for _, name := range r.paths {
		err := r.passes(t, name)
		if err == nil {
			return nil
		}
		if first == nil {
			first = err
		}
	}
	return first
}

func (r required) passes(t *tree, name string) error {
	f, err := t.file(name)
	if err != nil {
		return errors.Unwrap(err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.New("not a regular file")
	}
	return r.test(f)
}

func size(f *os.File) int64 {
	info, err := f.Stat()
	if err != nil {
		return -1
	}
	return info.Size()
}

func notEmpty(f *os.File) error {
	if size(f) <= 0 {
		return errors.New("empty")
	}
	return nil
}

func empty(f *os.File) error {
	if size(f) != 0 {
		return errors.New("not empty")
	}
	return nil
}

func program(f *os.File) error {
	info, err := f.Stat()
	if err == nil && info.Mode()&0o111 == 0 {
		err = errors.New("not executable")
	}
	return err
}

// holds looks for a text outside of comments.
func holds(text string) func(*os.File) error {
	return func(f *os.File) error {
		lines := bufio.NewScanner(io.LimitReader(f, mib))
		for lines.Scan() {
			code, _, _ := strings.Cut(lines.Text(), "#")
			if strings.Contains(code, text) {
				return nil
			}
		}
		return errors.New("without " + text)
	}
}

// machine compares the processor that a program is made for.
func machine(architecture string) func(*os.File) error {
	want := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}[architecture]
	return func(f *os.File) error {
		program, err := elf.NewFile(f)
		if err != nil {
			return err
		}
		if program.Machine != want {
			return fmt.Errorf("it is for %s", program.Machine)
		}
		return nil
	}
}

// osLayer gives the name of the layer that the preflight speaks of.
func osLayer(layers []LayerFile) string {
	for _, l := range layers {
		if l.Layer.Kind == v1alpha1.LayerOS {
			return l.Layer.Name
		}
	}
	return ""
}
