package command

import (
	"fmt"
	"os"
	"os/exec"

	"golang.org/x/sys/unix"

	"github.com/stylet-edge/stylet/internal/base/fault"
)

// Become replaces this process by another program, with the same environment and the same open
// terminal. It returns only if that cannot be done.
func Become(argv []string) error {
	path, err := exec.LookPath(argv[0])
	if err == nil {
		err = unix.Exec(path, argv, os.Environ())
	}
	return fault.Wrap(err, fault.Internal, "command.not-started",
		"check that the program is part of the image", "%s", fmt.Sprintf("becoming %s", argv[0]))
}
