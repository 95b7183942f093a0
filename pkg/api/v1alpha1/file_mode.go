package v1alpha1

import (
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
)

// DefaultFileMode is the mode of a configuration file that names none.
const DefaultFileMode fs.FileMode = 0o644

// fileMode has no room for setuid, setgid and sticky bits: they mean nothing on configuration, and
// a program does not belong below /etc.
var fileMode = regexp.MustCompile(`^0?[0-7]{3}$`)

// FileMode reads the mode: three octal digits, with a zero before them or without, and
// DefaultFileMode when nothing is written. "0000" is a mode like any other.
func (f File) FileMode() (fs.FileMode, error) {
	if f.Mode == "" {
		return DefaultFileMode, nil
	}
	if !fileMode.MatchString(f.Mode) {
		return 0, fmt.Errorf("%q is not a file mode", f.Mode)
	}
	bits, err := strconv.ParseUint(f.Mode, 8, 9)
	if err != nil {
		return 0, fmt.Errorf("%q is not a file mode: %w", f.Mode, err)
	}
	return fs.FileMode(bits), nil
}
