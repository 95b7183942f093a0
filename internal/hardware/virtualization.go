package hardware

import (
	"fmt"
	"path/filepath"
	"strings"
)

// dmiFields are read in the order of systemd-detect-virt: the product before the vendor, so that
// KVM on QEMU is told from QEMU alone.
func dmiFields() []string {
	return []string{"product_name", "sys_vendor", "board_vendor", "bios_vendor", "product_version"}
}

// hypervisorNames is systemd's table of DMI strings (src/basic/virt.c): a field that begins with
// the first word belongs to the second.
func hypervisorNames() [][2]string {
	return [][2]string{
		{"KVM", "kvm"},
		{"OpenStack", "kvm"},
		{"KubeVirt", "kvm"},
		{"Amazon EC2", "amazon"},
		{"QEMU", "qemu"},
		{"VMware", "vmware"},
		{"VMW", "vmware"},
		{"innotek GmbH", "oracle"},
		{"VirtualBox", "oracle"},
		{"Oracle Corporation", "oracle"},
		{"Xen", "xen"},
		{"Bochs", "bochs"},
		{"Parallels", "parallels"},
		{"BHYVE", "bhyve"},
		{"Hyper-V", "microsoft"},
		{"Apple Virtualization", "apple"},
		{"Google Compute Engine", "google"},
	}
}

// virtualization follows systemd-detect-virt with what can be read from files: DMI strings, the
// CPU's hypervisor flag, Xen's own interface, the device tree. Only the CPU's hypervisor name
// (CPUID leaf 0x40000000) is out of reach; kvm-clock stands in for it.
func (s *source) virtualization(info cpuInfo) Virtualization {
	v := Virtualization{Kind: "none", Container: s.container()}
	found := func(kind, evidence string) {
		v.Virtual = true
		if v.Kind == "none" || v.Kind == "vm-other" {
			v.Kind = kind
		}
		v.Evidence = append(v.Evidence, evidence)
	}
	if kind, evidence := s.dmiKind(info.hypervisor); kind != "" {
		found(kind, evidence)
	}
	if info.userMode {
		found("uml", "cpuinfo names User Mode Linux")
	}
	if kind := s.text("sys/hypervisor/type"); kind == "xen" && !s.isXenHost() {
		found("xen", "/sys/hypervisor/type is xen")
	}
	if kind, evidence := s.deviceTreeKind(); kind != "" {
		found(kind, evidence)
	}
	if info.hypervisor {
		found("vm-other", "the CPU has the hypervisor flag")
	}
	clocks := s.text("sys/devices/system/clocksource/clocksource0/available_clocksource")
	if v.Virtual && strings.Contains(clocks, "kvm-clock") {
		if v.Kind == "qemu" || v.Kind == "vm-other" {
			v.Kind = "kvm"
		}
		v.Evidence = append(v.Evidence, "the kernel offers the clock kvm-clock")
	}
	if !v.Virtual {
		v.Evidence = []string{"no hypervisor flag, DMI string, Xen interface or device tree node speaks of a virtual machine"}
	}
	return v
}

// dmiKind finds a hypervisor's name in DMI. Amazon writes its name into bare-metal instances
// too; there the CPU's flag decides, as in systemd.
func (s *source) dmiKind(hypervisorFlag bool) (kind, evidence string) {
	for _, field := range dmiFields() {
		value := s.text("sys/class/dmi/id/" + field)
		for _, name := range hypervisorNames() {
			if value == "" || !strings.HasPrefix(value, name[0]) {
				continue
			}
			if name[1] == "amazon" && !hypervisorFlag {
				continue
			}
			return name[1], fmt.Sprintf("DMI %s is %q", field, value)
		}
	}
	return "", ""
}

// isXenHost is true in the domain that controls the others: the machine itself.
func (s *source) isXenHost() bool {
	return strings.Contains(s.text("proc/xen/capabilities"), "control_d")
}

// deviceTreeKind reads the nodes that hypervisors add on ARM.
func (s *source) deviceTreeKind() (kind, evidence string) {
	switch compatible := s.text(deviceTree + "hypervisor/compatible"); {
	case compatible == "":
	case strings.HasPrefix(compatible, "linux,kvm"):
		return "kvm", "the device tree's hypervisor node is " + compatible
	case strings.Contains(compatible, "xen"):
		return "xen", "the device tree's hypervisor node is " + compatible
	case strings.Contains(compatible, "vmware"):
		return "vmware", "the device tree's hypervisor node is " + compatible
	default:
		return "vm-other", "the device tree's hypervisor node is " + compatible
	}
	if nodes, err := filepath.Glob(s.path(deviceTree + "fw-cfg@*")); err == nil && len(nodes) > 0 {
		return "qemu", "the device tree has QEMU's fw-cfg node"
	}
	return "", ""
}

func (s *source) container() string {
	for _, name := range []string{"run/systemd/container", "run/host/container-manager"} {
		if manager := s.text(name); manager != "" {
			return manager
		}
	}
	if _, err := filepath.EvalSymlinks(s.path(".dockerenv")); err == nil {
		return "docker"
	}
	return ""
}
