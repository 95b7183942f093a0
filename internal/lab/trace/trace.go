// Package trace reads what kairos-agent does to COS_STATE and COS_OEM from a system call trace, in
// the words in which internal/kairos/standin keeps its account, so that the two can be compared.
package trace

import (
	"path"
	"regexp"
	"strings"
)

// Calls are the system calls to trace, for strace's -e trace=.
const Calls = "rename,renameat,renameat2,unlink,unlinkat,open,openat,creat,sync,syncfs,execve"

// Dirs are where the file systems were mounted in the traced host.
type Dirs struct{ State, OEM string }

// OnHost are the folders of a running host.
func OnHost() Dirs { return Dirs{State: "/run/initramfs/cos-state", OEM: "/oem"} }

var (
	call   = regexp.MustCompile(`^(?:\d+ +)?([a-z0-9]+)\((.*)$`)
	quoted = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"`)
	failed = regexp.MustCompile(`\) += -1 E`)
	create = regexp.MustCompile(`\bO_CREAT\b`)
)

// Account gives the operations on the two file systems, in the order in which they began. A call
// that failed did nothing. Calls by all threads and children are in one trace: what runs at the
// same time may stand in any order, and kairos-agent does these one after the other.
func (d Dirs) Account(trace string) []string {
	var account []string
	for line := range strings.Lines(trace) {
		m := call.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil || failed.MatchString(line) {
			continue
		}
		if what := d.operation(m[1], m[2]); what != "" {
			account = append(account, what)
		}
	}
	return account
}

// operation names one call, "" for one that does not matter.
func (d Dirs) operation(name, arguments string) string {
	var words []string
	for _, m := range quoted.FindAllStringSubmatch(arguments, -1) {
		words = append(words, m[1])
	}
	switch name {
	case "sync", "syncfs":
		return "sync"
	case "rename", "renameat", "renameat2":
		if len(words) == 2 && d.short(words[0]) != "" {
			return "rename " + d.short(words[0]) + " " + d.short(words[1])
		}
	case "unlink", "unlinkat":
		if len(words) == 1 && d.short(words[0]) != "" {
			return "unlink " + d.short(words[0])
		}
	case "open", "openat", "creat":
		if len(words) == 1 && d.short(words[0]) != "" && (name == "creat" || create.MatchString(arguments)) {
			return d.created(words[0])
		}
	case "execve":
		if len(words) >= 5 && path.Base(words[0]) == "tune2fs" && words[2] == "-L" && d.short(words[4]) != "" {
			return "label " + d.short(words[4]) + " " + words[3]
		}
	}
	return ""
}

// created tells the image files from GRUB's environment.
func (d Dirs) created(name string) string {
	if path.Clean(name) == path.Join(d.OEM, "grubenv") {
		return "write grubenv"
	}
	return "create " + d.short(name)
}

// short gives a path below one of the folders, "" for any other.
func (d Dirs) short(name string) string {
	for _, dir := range []string{d.State, d.OEM} {
		if rest, ok := strings.CutPrefix(path.Clean(name), dir+"/"); ok {
			return rest
		}
	}
	return ""
}
