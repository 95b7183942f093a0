package hardware

// The requirement is 8 GB of memory as sold (H3). Firmware, graphics and the kernel keep a part
// that the OS never sees: 8 GiB virtual machines read about 7.75 GiB, an 8 GB Jetson 7.4 GiB.
const (
	memoryNominal = 8 << 30
	memoryMinimum = 7 << 30
)

func checkMemory(in subject) Check {
	usable := in.facts.Memory.Usable
	c := Check{
		Measured: binaryGiB(usable),
	}
	switch {
	case usable == 0:
		c.Measured = "unknown"
		c.Verdict = Warn
		c.Reason = "the kernel does not say how much memory there is"
		c.Remedy = "compare the machine's data sheet with the requirement"
	case usable < memoryMinimum:
		c.Verdict = Fail
		c.Reason = "even with what firmware and graphics keep, these are not 8 GB"
		c.Remedy = "add memory, or give graphics less of it in the firmware's settings"
	case usable < memoryNominal:
		c.Verdict = Pass
		c.Reason = "8 GB, less what firmware, graphics and the kernel keep"
	default:
		c.Verdict, c.Reason = Pass, "enough"
	}
	return c
}
