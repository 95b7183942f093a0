package hardware

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// Brand strings as /proc/cpuinfo shows them, real silicon and hypervisors' inventions.
//
// Requirement: H1, H6
func TestCPUFamilies(t *testing.T) {
	t.Parallel()
	listed := []string{
		"Intel(R) Core(TM) i3-8100T CPU @ 3.10GHz",
		"Intel(R) Core(TM) i7 CPU         870  @ 2.93GHz",
		"13th Gen Intel(R) Core(TM) i9-13900E",
		"Intel(R) Xeon(R) CPU E5-2650 v4 @ 2.20GHz",
		"Intel(R) Xeon(R) D-1718T CPU @ 2.60GHz",
		"AMD Ryzen 3 3200U with Radeon Vega Mobile Gfx",
		"AMD Ryzen 5 PRO 5650GE with Radeon Graphics",
		"AMD Ryzen 9 7950X 16-Core Processor",
		"AMD EPYC 7763 64-Core Processor",
		"AMD EPYC 4244P 6-Core Processor",
		"AMD EPYC 9V74 80-Core Processor",
	}
	unlisted := []string{
		"QEMU Virtual CPU version 2.5+",
		"Common KVM processor",
		"Intel Core Processor (Skylake)",
		"Intel Core i7 9xx (Nehalem Class Core i7)",
		"Intel Xeon E312xx (Sandy Bridge)",
		"Intel Xeon Processor (Cascadelake)",
		"AMD EPYC Processor (with IBPB)",
		"AMD EPYC-Milan Processor",
		"AMD EPYC",
		"Intel(R) Celeron(R) J4125 CPU @ 2.00GHz",
		"Intel(R) Atom(TM) CPU E3950 @ 1.60GHz",
		"Intel(R) Core(TM) Ultra 7 155H",
		"AMD Ryzen Embedded V1605B with Radeon Vega Gfx",
		"",
	}
	verdict := func(model string, virtual bool) Check {
		return checkCPUFamily(subject{facts: Facts{Architecture: "amd64", CPU: CPU{Model: model}, Virtualization: Virtualization{Virtual: virtual}}})
	}
	for _, model := range listed {
		assert.Equal(t, Pass, verdict(model, false).Verdict, model)
		assert.Equal(t, Pass, verdict(model, true).Verdict, model)
	}
	for _, model := range unlisted {
		c := verdict(model, true)
		assert.Equal(t, Warn, c.Verdict, model)
		assert.NotEmpty(t, c.Remedy, model)
		assert.Equal(t, Warn, verdict(model, false).Verdict, model)
	}
}
