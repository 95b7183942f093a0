package hardware

import "strings"

// checkVirtualization never fails: both are supported. It is here so that the report says which
// one it is, and how it knows, since other verdicts depend on it.
func checkVirtualization(in subject) Check {
	v := in.facts.Virtualization
	c := Check{
		Measured: "bare metal",
		Verdict:  Pass,
		Reason:   strings.Join(v.Evidence, "; "),
	}
	if v.Virtual {
		c.Measured = "virtual machine (" + v.Kind + ")"
	}
	if v.Container != "" {
		c.Measured += ", seen from a container (" + v.Container + ")"
		c.Verdict = Warn
		c.Reason += "; a container hides parts of the machine"
		c.Remedy = "run the probe on the host itself"
	}
	return c
}
