package hardware

import "fmt"

// minCores is requirement H2.
const minCores = 2

func checkCPUCores(in subject) Check {
	cpu := in.facts.CPU
	c := Check{
		Measured: fmt.Sprintf("%d (%d threads)", cpu.Cores, cpu.Threads),
		Verdict:  Pass,
		Reason:   "enough",
	}
	switch {
	case cpu.Cores == 0:
		c.Measured = "unknown"
		c.Verdict = Warn
		c.Reason = "the kernel does not say how many cores there are"
		c.Remedy = "compare the CPU's data sheet with the requirement"
	case cpu.Cores < minCores && in.facts.Virtualization.Virtual:
		c.Verdict = Fail
		c.Reason = fmt.Sprintf("fewer than %d cores: Kubernetes and the workload starve each other", minCores)
		c.Remedy = "give the virtual machine more cores (threads of one core do not count)"
	case cpu.Cores < minCores:
		c.Verdict = Fail
		c.Reason = fmt.Sprintf("fewer than %d cores: Kubernetes and the workload starve each other", minCores)
		c.Remedy = "use a machine with more cores, or switch on those that the firmware has off"
	}
	return c
}
