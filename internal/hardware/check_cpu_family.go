package hardware

import "regexp"

// family is a line of CPUs that is supported, recognised by the brand string that real silicon
// has. Hypervisors' own names ("Intel Core Processor (Skylake)", "AMD EPYC-Milan Processor")
// lack the trademark signs or the model number, and so do not match.
type family struct {
	name string
	form *regexp.Regexp
}

func families() []family {
	return []family{
		{"Intel Core i3, i5, i7, i9", regexp.MustCompile(`\bIntel\(R\) Core\(TM\) i[3579]\b`)},
		{"Intel Xeon", regexp.MustCompile(`(?i)\bIntel\(R\) Xeon\(R\)`)},
		{"AMD Ryzen 3, 5, 7, 9", regexp.MustCompile(`^AMD Ryzen [3579]\b`)},
		{"AMD EPYC", regexp.MustCompile(`^AMD EPYC (Embedded )?[0-9]`)},
	}
}

func checkCPUFamily(in subject) Check {
	c := Check{
		Measured: in.facts.CPU.Model,
	}
	if in.facts.Architecture == "arm64" {
		if c.Measured == "" {
			c.Measured = "not named"
		}
		c.Verdict, c.Reason = Pass, "the list is for amd64; on arm64 the board decides (arch.supported)"
		return c
	}
	if c.Measured == "" {
		c.Measured = "unknown"
		c.Verdict = Warn
		c.Reason = "the CPU's model name is hidden"
		c.Remedy = "compare the CPU with the list by hand"
		return c
	}
	for _, f := range families() {
		if f.form.MatchString(c.Measured) {
			c.Verdict, c.Reason = Pass, "it is of the family "+f.name
			return c
		}
	}
	c.Verdict = Warn
	c.Reason = "the CPU is not on the list; it may be too slow"
	c.Remedy = "measure your workload on it, or use a listed CPU"
	if in.facts.Virtualization.Virtual {
		c.Reason = "a hypervisor's name for a CPU: the real one is hidden"
		c.Remedy = "pass the host's CPU through (QEMU: -cpu host) to see the real one"
	}
	return c
}
