package command

import (
	"slices"

	"github.com/coreos/go-systemd/v22/dbus"
	"golang.org/x/sys/unix"
)

// Sandbox says how closely a unit of its own (Units) confines a program. Local takes no note of it.
//
// No sandbox has a mount namespace of its own, which leaves out systemd's Protect... and Private...
// settings: a step remounts the host's COS_STATE, and a death leaves mounts that the next attempt
// looks for. ProtectClock= is left out as well: it closes all devices but the clock's
// (systemd.exec(5)), loop devices too. Leaving out CAP_SYS_TIME does its work.
type Sandbox int

const (
	// SandboxForeign is for programs that others wrote: kairos-agent, which runs the hooks of an
	// image, and a profile's gates. It denies only what no upgrade and no check can want: setting
	// the clock, real-time scheduling, other personalities, raw ports and CPU emulation.
	SandboxForeign Sandbox = iota
	// SandboxOwn is for `stylet step` and the small tools that it runs to mount, format and
	// label: moreover no network, no kernel modules, no tracing, no swap, no namespaces but those of
	// mounts, and no memory that is written and executed.
	SandboxOwn
	// SandboxClock is SandboxOwn for the one command that sets the clock.
	SandboxClock
)

// deniedCapabilities are those of capabilities(7) that a program in the sandbox does not get.
func (s Sandbox) deniedCapabilities() []uint {
	denied := []uint{unix.CAP_WAKE_ALARM}
	if s != SandboxClock {
		denied = append(denied, unix.CAP_SYS_TIME)
	}
	if s != SandboxForeign {
		denied = append(denied,
			unix.CAP_NET_ADMIN, unix.CAP_NET_RAW, unix.CAP_NET_BIND_SERVICE, unix.CAP_NET_BROADCAST,
			unix.CAP_SYS_MODULE, unix.CAP_SYS_PTRACE, unix.CAP_SYSLOG, unix.CAP_SYS_PACCT, unix.CAP_SYS_TTY_CONFIG,
			unix.CAP_AUDIT_CONTROL, unix.CAP_AUDIT_READ, unix.CAP_AUDIT_WRITE,
			unix.CAP_BPF, unix.CAP_PERFMON, unix.CAP_BLOCK_SUSPEND, unix.CAP_CHECKPOINT_RESTORE,
		)
	}
	return denied
}

func (s Sandbox) capabilities() uint64 {
	all := uint64(1)<<(unix.CAP_LAST_CAP+1) - 1
	for _, c := range s.deniedCapabilities() {
		all &^= 1 << c
	}
	return all
}

// list is systemd's (bas): an allow list, or with false the contrary.
type list struct {
	Allow bool
	Names []string
}

// properties are those of systemd.exec(5), in the form of org.freedesktop.systemd1(5).
func (s Sandbox) properties() []dbus.Property {
	denied := []string{"@cpu-emulation", "@obsolete", "@raw-io"}
	set := []dbus.Property{
		property("NoNewPrivileges", true),
		property("LockPersonality", true),
		property("RestrictRealtime", true),
		property("CapabilityBoundingSet", s.capabilities()),
		// An error, which a program may tell, instead of a death that nobody understands.
		property("SystemCallErrorNumber", int32(unix.EPERM)),
	}
	if s == SandboxOwn {
		denied = append(denied, "@clock")
	}
	if s != SandboxForeign {
		denied = append(denied, "@debug", "@module", "@swap")
		set = append(
			set,
			property("SystemCallArchitectures", []string{"native"}),
			property("MemoryDenyWriteExecute", true),
			property("RestrictNamespaces", uint64(unix.CLONE_NEWNS)), // those that are allowed
			property("RestrictAddressFamilies", list{true, []string{"AF_UNIX", "AF_NETLINK"}}),
		)
	}
	return append(slices.Clip(set), property("SystemCallFilter", list{false, denied}))
}
