package hardware

import "strings"

func checkWatchdog(in subject) Check {
	if names := in.facts.Watchdogs; len(names) > 0 {
		return Check{Measured: strings.Join(names, ", "), Verdict: Pass, Reason: "it restarts a host that hangs"}
	}
	c := Check{
		Measured: "none", Verdict: Warn,
		Reason: "a host that hangs, in an upgrade too, stays so until somebody cuts its power",
		Remedy: "switch it on in the firmware's settings, if the board has one",
	}
	if in.facts.Virtualization.Virtual {
		c.Remedy = "give the virtual machine one (QEMU: -device i6300esb -watchdog-action reset)"
	}
	return c
}
