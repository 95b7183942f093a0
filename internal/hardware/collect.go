package hardware

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/jaypipes/ghw"

	"github.com/stylet-edge/stylet/internal/base/command"
)

// Options of Collect.
type Options struct {
	// Root holds the proc, sys and run trees to read; default "/", this machine.
	Root string
	// Runner runs blkid for partitions that the udev database does not know. Nil leaves them
	// without labels and says so in Facts.Gaps. It looks at this machine, so it is ignored for
	// another Root.
	Runner command.Runner
}

// source is where facts come from: one root, read by us and by ghw.
type source struct {
	root string
	args []any // for ghw
	gaps []string
}

// Collect reads the facts. What is missing becomes a gap, not an error: an error means that Root
// holds no machine at all.
func Collect(ctx context.Context, opts Options) (Facts, error) {
	root := opts.Root
	if root == "" {
		root = "/"
	}
	src := &source{
		root: root,
		args: []any{ctx, ghw.WithChroot(root), ghw.WithDisableWarnings(), ghw.WithDisableTools()},
	}
	if _, err := os.Stat(src.path("proc/cpuinfo")); err != nil {
		return Facts{}, fmt.Errorf("reading the machine's facts below %s: %w", root, err)
	}
	facts := Facts{}
	info := parseCPUInfo(src.bytes("proc/cpuinfo"))
	facts.Machine = src.machine()
	facts.Architecture = src.architecture(info)
	facts.CPU = src.cpu(info)
	facts.Memory = src.memory()
	facts.Virtualization = src.virtualization(info)
	facts.Firmware = src.firmware()
	facts.TPM = src.tpm()
	facts.Watchdogs = src.watchdogs()
	facts.Clock = src.clock()
	facts.GPUs = src.gpus()
	facts.Drives = src.drives()
	src.completeLabels(ctx, opts.Runner, facts.Drives)
	facts.Boot = src.boot(facts.Drives)
	facts.Gaps = src.gaps
	return facts, nil
}

func (s *source) path(name string) string { return filepath.Join(s.root, name) }

// bytes reads a file; a missing one is empty.
func (s *source) bytes(name string) []byte {
	data, err := os.ReadFile(s.path(name))
	if err != nil {
		return nil
	}
	return data
}

// text reads a file of one value, as sysfs and the device tree have them.
func (s *source) text(name string) string {
	return strings.Trim(string(s.bytes(name)), "\x00 \t\r\n")
}

func (s *source) gap(format string, args ...any) {
	s.gaps = append(s.gaps, fmt.Sprintf(format, args...))
}

// known turns ghw's word for a missing value into an empty one.
func known(text string) string {
	if text == "unknown" {
		return ""
	}
	return strings.Trim(text, "\x00 \t\r\n")
}
