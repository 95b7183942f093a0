package hardware

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// Requirement: A2
func TestVirtualizationKinds(t *testing.T) {
	t.Parallel()
	const flag = "flags : fpu hypervisor\n"
	cases := []struct {
		name  string
		files map[string]string
		kind  string
	}{
		{"nothing", nil, "none"},
		{"hypervisor without a name", map[string]string{"proc/cpuinfo": flag}, "vm-other"},
		{"flag and kvm-clock", map[string]string{"proc/cpuinfo": flag, "sys/devices/system/clocksource/clocksource0/available_clocksource": "kvm-clock tsc"}, "kvm"},
		{"product before vendor", map[string]string{"sys/class/dmi/id/product_name": "KVM", "sys/class/dmi/id/sys_vendor": "QEMU"}, "kvm"},
		{"vmware", map[string]string{"sys/class/dmi/id/sys_vendor": "VMware, Inc."}, "vmware"},
		{"virtualbox", map[string]string{"sys/class/dmi/id/bios_vendor": "innotek GmbH"}, "oracle"},
		{"made by Microsoft, but metal", map[string]string{"sys/class/dmi/id/sys_vendor": "Microsoft Corporation", "sys/class/dmi/id/product_name": "Surface Pro 7"}, "none"},
		{"EC2 guest", map[string]string{"proc/cpuinfo": flag, "sys/class/dmi/id/sys_vendor": "Amazon EC2"}, "amazon"},
		{"EC2 metal", map[string]string{"sys/class/dmi/id/sys_vendor": "Amazon EC2"}, "none"},
		{"Xen guest", map[string]string{"sys/hypervisor/type": "xen\n"}, "xen"},
		{"Xen host", map[string]string{"sys/hypervisor/type": "xen\n", "proc/xen/capabilities": "control_d\n"}, "none"},
		{"ARM KVM", map[string]string{deviceTree + "hypervisor/compatible": "linux,kvm\x00"}, "kvm"},
		{"ARM QEMU", map[string]string{deviceTree + "fw-cfg@9020000/compatible": "qemu,fw-cfg-mmio\x00"}, "qemu"},
		{"user mode", map[string]string{"proc/cpuinfo": "vendor_id : User Mode Linux\n"}, "uml"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			src := &source{root: t.TempDir()}
			for name, data := range c.files {
				writeRootFile(t, src.root, name, data)
			}
			v := src.virtualization(parseCPUInfo(src.bytes("proc/cpuinfo")))
			assert.Equal(t, c.kind, v.Kind)
			assert.Equal(t, c.kind != "none", v.Virtual)
			assert.NotEmpty(t, v.Evidence)
		})
	}
}
