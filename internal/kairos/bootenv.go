package kairos

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// EnvFile and SnippetFile are the names, at the root of COS_STATE, of the boot environment and of
// the GRUB snippet that reads it.
const (
	EnvFile     = "stylet_env"
	SnippetFile = "stylet_boot"
)

// MaxTries is how often a trial may be booted at most, and how often a passive slot that does not
// reach user space is booted before recovery is.
const MaxTries = 3

// BootEnv is what GRUB and stylet tell one another about the slots: the variables of EnvFile.
// The zero BootEnv means: nothing on trial, boot active.
type BootEnv struct {
	// Trial is the short name (12 hex digits) of what is on trial, or empty.
	Trial string
	// Try counts the boots of the trial that have begun, 0 to MaxTries.
	Try int
	// Max is how many are allowed, 1 to MaxTries; 0 stands for MaxTries.
	Max int
	// Good is what boots when nothing is on trial, and where a failed trial goes back to:
	// SlotActive or SlotPassive. Anything else counts as SlotActive.
	Good v1alpha1.Slot
	// Failed is set by GRUB to the trial that used up its tries; the next arming clears it.
	Failed string
	// PassiveTries counts boots of passive since user space last reported, 0 to MaxTries.
	PassiveTries int
	// Other holds variables that are not ours, in their order; they are kept.
	Other []EnvVariable
}

// EnvVariable is one variable of a GRUB environment block.
type EnvVariable struct{ Name, Value string }

// The names of the variables in EnvFile, in the order in which Encode and the snippet write them.
const (
	varTrial        = "stylet_trial"
	varTry          = "stylet_try"
	varMax          = "stylet_max"
	varGood         = "stylet_good"
	varFailed       = "stylet_failed"
	varPassiveTries = "stylet_ptry"
)

// CodeEnvDamaged is the fault code of an environment that cannot be read as one.
const CodeEnvDamaged = "boot.env-damaged"

// ParseBootEnv reads an environment block. Anything that is not a whole block is a fault with the
// code CodeEnvDamaged. Numbers are read as GRUB's rule reads them: an unknown try counts as the
// last, an unknown count of passive tries as none, so that damage leads towards the good slot.
func ParseBootEnv(block []byte) (BootEnv, error) {
	variables, err := parseBlock(block)
	if err == nil && len(block) != blockSize {
		err = fmt.Errorf("the block has %d bytes, not %d", len(block), blockSize)
	}
	if err != nil {
		return BootEnv{}, fault.Wrap(err, fault.Internal, CodeEnvDamaged,
			"run `stylet boot prepare`, which writes a new one", "reading the boot environment")
	}
	var env BootEnv
	for _, v := range variables {
		switch v.Name {
		case varTrial:
			env.Trial = v.Value
		case varTry:
			env.Try = number(v.Value, MaxTries)
		case varMax:
			env.Max = number(v.Value, MaxTries)
		case varGood:
			env.Good = v1alpha1.Slot(v.Value)
		case varFailed:
			env.Failed = v.Value
		case varPassiveTries:
			env.PassiveTries = number(v.Value, 0)
		default:
			env.Other = append(env.Other, v)
		}
	}
	return env, nil
}

// number reads "" and "0" to MaxTries; other is the value of everything else.
func number(text string, other int) int {
	if text == "" {
		return 0
	}
	if len(text) == 1 && text[0] >= '0' && text[0] <= '0'+MaxTries {
		return int(text[0] - '0')
	}
	return other
}

// Encode writes the block, always blockSize bytes: ours first, in a fixed order, as GRUB's
// save_env leaves them. It fails on values GRUB could not read back and when there is no room.
func (e BootEnv) Encode() ([]byte, error) {
	for name, n := range map[string]int{varTry: e.Try, varMax: e.Max, varPassiveTries: e.PassiveTries} {
		if n < 0 || n > MaxTries {
			return nil, fmt.Errorf("encoding the boot environment: %s cannot be %d", name, n)
		}
	}
	ours := []EnvVariable{
		{varTrial, e.Trial},
		{varTry, digit(e.Try)},
		{varMax, digit(e.Max)},
		{varGood, string(e.Good)},
		{varFailed, e.Failed},
		{varPassiveTries, digit(e.PassiveTries)},
	}
	return encodeBlock(append(ours, e.Other...), blockSize)
}

// digit writes none for 0, as GRUB leaves a cleared counter.
func digit(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// ReadBootEnv reads the environment from a file. A missing file is fs.ErrNotExist on the chain,
// a damaged one a fault with the code CodeEnvDamaged.
func ReadBootEnv(path string) (BootEnv, error) {
	block, err := os.ReadFile(path)
	if err != nil {
		return BootEnv{}, fmt.Errorf("reading the boot environment: %w", err)
	}
	return ParseBootEnv(block)
}

// WriteBootEnv overwrites an existing environment file in place: same length, same blocks, so that
// GRUB, which does not replay the journal, sees it after a cut at any instant.
func WriteBootEnv(path string, env BootEnv) error {
	block, err := env.Encode()
	if err != nil {
		return err
	}
	if err := durable.OverwriteInPlace(path, block); err != nil {
		return fmt.Errorf("writing the boot environment: %w", err)
	}
	return nil
}

// DefaultBootEnv is the environment of a fresh installation.
func DefaultBootEnv() BootEnv { return BootEnv{Good: v1alpha1.SlotActive} }

// Repair reports whether it had to replace a missing or damaged environment by the default one. A
// file of the right length is overwritten in place; any other is made anew, which GRUB sees only
// after the caller's durable.SyncFS.
func Repair(path string) (repaired bool, err error) {
	_, err = ReadBootEnv(path)
	missing := errors.Is(err, fs.ErrNotExist)
	if err == nil || (!missing && fault.CodeOf(err) != CodeEnvDamaged) {
		return false, err
	}
	if info, statErr := os.Lstat(path); statErr == nil && info.Mode().IsRegular() && info.Size() == blockSize {
		return true, WriteBootEnv(path, DefaultBootEnv())
	}
	return true, createEnv(path)
}

// createEnv makes a new file in one extent: all its bytes are written by one call.
func createEnv(path string) error {
	block, err := DefaultBootEnv().Encode()
	if err != nil {
		return err
	}
	return writeFile(path, block)
}

// writeFile writes one file, for everybody to read, atomically and durably.
func writeFile(path string, data []byte) error { return writeFileMode(path, data, 0o644) }

func writeFileMode(path string, data []byte, mode os.FileMode) (err error) {
	root, err := durable.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	return root.WriteFile(filepath.Base(path), data, mode)
}
