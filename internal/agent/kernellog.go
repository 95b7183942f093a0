package agent

import (
	"errors"
	"fmt"
	"os"
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
