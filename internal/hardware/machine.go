package hardware

import (
	"runtime"
	"slices"
	"strings"

	"github.com/jaypipes/ghw"
)

const deviceTree = "sys/firmware/devicetree/base/"

func (s *source) machine() Machine {
	m := Machine{Compatible: s.compatible()}
	product, err := ghw.Product(s.args...)
	if err != nil {
		s.gap("board: %v", err)
		return m
	}
	m.Vendor, m.Product = known(product.Vendor), known(product.Name)
	if m.Vendor == "" && m.Product == "" {
		s.gap("board: neither DMI nor a device tree names it (a container, or firmware without SMBIOS)")
	}
	return m
}

func (s *source) compatible() []string { return splitCompatible(s.bytes(deviceTree + "compatible")) }

// splitCompatible reads a device tree's list of strings, each ended by a zero byte.
func splitCompatible(data []byte) []string {
	return slices.DeleteFunc(strings.Split(string(data), "\x00"), func(s string) bool {
		return strings.TrimSpace(s) == ""
	})
}

// architecture asks the kernel (since Linux 6.1), then the form of cpuinfo, then takes the one
// that this program was built for.
func (s *source) architecture(info cpuInfo) string {
	switch machine := s.text("proc/sys/kernel/arch"); {
	case machine == "x86_64":
		return "amd64"
	case machine == "aarch64":
		return "arm64"
	case machine != "":
		return machine
	case info.x86:
		return "amd64"
	case info.arm:
		return "arm64"
	case info.mainframe:
		return "s390x"
	}
	s.gap("architecture: the kernel does not say; assumed to be that of this program")
	return runtime.GOARCH
}

// cpu takes ghw's count of cores; without /sys/devices/system/cpu (some containers) each logical
// processor of cpuinfo counts as a core.
func (s *source) cpu(info cpuInfo) CPU {
	cpu := CPU{Model: info.model, Vendor: info.vendor}
	found, err := ghw.CPU(s.args...)
	if err == nil && found.TotalCores > 0 {
		cpu.Cores, cpu.Threads = int(found.TotalCores), int(found.TotalHardwareThreads)
		cpu.Model, cpu.Vendor = known(found.Processors[0].Model), known(found.Processors[0].Vendor)
		return cpu
	}
	cpu.Cores, cpu.Threads = info.processors, info.processors
	s.gap("cpu: the kernel shows no topology; each of the %d logical processors counts as a core", info.processors)
	return cpu
}

func (s *source) memory() Memory {
	found, err := ghw.Memory(s.args...)
	if err != nil {
		s.gap("memory: %v", err)
		return Memory{}
	}
	m := Memory{Usable: found.TotalUsableBytes}
	// Without memory blocks ghw repeats the usable size (or an old kernel log's): no news.
	if s.text("sys/devices/system/memory/block_size_bytes") != "" && found.TotalPhysicalBytes >= m.Usable {
		m.Installed = found.TotalPhysicalBytes
	}
	return m
}
