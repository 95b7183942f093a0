package agent

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/stylet-edge/stylet/internal/agent/settings"
	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/internal/lifecycle"
)

// kernelLog takes a line into the kernel's log: from there it reaches every console at once, screen
// and serial line, the journal, and, should the kernel die next, pstore.
const kernelLog = "/dev/kmsg"

// errorOfDaemon is the record's prefix: facility daemon, severity error, which consoles show even when
// the kernel was told to be quiet (kernel: Documentation/ABI/testing/dev-kmsg).
const errorOfDaemon = "<27>"

// logToKernel writes one line to the kernel's log at path.
func logToKernel(path, line string) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("saying %q on the console: %w", line, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	// One write is one record.
	if _, err := f.WriteString(errorOfDaemon + line + "\n"); err != nil {
		return fmt.Errorf("saying %q on the console: %w", line, err)
	}
	return nil
}

// AnnounceExpiry says on the console what Expire has decided in this boot, if it has.
func AnnounceExpiry(s settings.Settings) error {
	state, err := durable.Open(s.StateDir)
	if err != nil {
		return err
	}
	defer state.Close()
	bootID, _, err := bootTime()
	if err != nil {
		return err
	}
	return announceVerdict(state, bootID, kernelLog)
}

func announceVerdict(state *durable.Root, bootID, log string) error {
	var verdict lifecycle.Failure
	err := state.ReadJSON(lifecycle.VerdictFile, &verdict)
	if errors.Is(err, fs.ErrNotExist) || err == nil && verdict.BootID != bootID {
		return nil
	}
	if err != nil {
		return err
	}
	return logToKernel(log, verdict.Announcement())
}
