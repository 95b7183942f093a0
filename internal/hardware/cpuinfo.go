package hardware

import (
	"slices"
	"strings"
)

// cpuInfo is what we take from /proc/cpuinfo ourselves: ghw does not tell when topology is
// missing, and needs a blank line after the last processor.
type cpuInfo struct {
	model, vendor string
	processors    int
	x86, arm      bool
	mainframe     bool // s390x: it has a vendor_id, too
	// hypervisor is the CPU's own word that it is virtual (bit 31 of CPUID leaf 1, ECX).
	hypervisor bool
	userMode   bool // User Mode Linux
}

func parseCPUInfo(data []byte) cpuInfo {
	var info cpuInfo
	for line := range strings.Lines(string(data)) {
		key, value, found := strings.Cut(line, ":")
		if !found {
			continue
		}
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		switch key {
		case "processor":
			info.processors++
		case "model name":
			info.model = value
		case "vendor_id":
			info.mainframe = strings.HasPrefix(value, "IBM/S390")
			info.vendor, info.x86 = value, !info.mainframe
			info.userMode = info.userMode || strings.HasPrefix(value, "User Mode Linux")
		case "CPU implementer":
			info.arm = true
		case "flags":
			info.hypervisor = info.hypervisor || slices.Contains(strings.Fields(value), "hypervisor")
		}
	}
	return info
}
