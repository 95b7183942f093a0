package command

import (
	"regexp"
	"time"

	"github.com/stylet-edge/stylet/internal/base/fault"
)

// nameForm keeps a name usable as part of a unit's and a file's name.
var nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]*$`)

// check refuses what no runner can run.
func (s Spec) check() error {
	if len(s.Argv) == 0 || s.Argv[0] == "" {
		return fault.New(fault.Internal, "command.spec", "", "the command %q names no program", s.Name)
	}
	if !nameForm.MatchString(s.Name) {
		return fault.New(fault.Internal, "command.spec", "",
			"%q cannot name a command: letters, digits and dashes only", s.Name)
	}
	return nil
}

func (s Spec) limit() time.Duration {
	if s.Timeout > 0 {
		return s.Timeout
	}
	return DefaultTimeout
}

// environment is minimal on purpose: what a program does must not depend on who started stylet.
func (s Spec) environment() []string {
	base := []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"}
	return append(base, s.Env...)
}
