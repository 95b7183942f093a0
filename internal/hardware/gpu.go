package hardware

import (
	"path/filepath"
	"slices"
	"strings"
)

// pciDisplay is PCI's class of display controllers, 3D and compute ones without a display included.
const pciDisplay = "0x03"

// gpus lists what PCI calls a display controller, whether or not a driver has it: ghw lists only
// what a graphics driver has taken, and wants a database of names. On a Jetson Orin the GPU is in
// the chip, and the device tree has it.
func (s *source) gpus() []GPU {
	lookup := s.gpuLookup()
	devices, err := filepath.Glob(s.path("sys/bus/pci/devices/*"))
	if err != nil {
		return nil // only a malformed pattern
	}
	var found []GPU
	for _, device := range devices {
		at := "sys/bus/pci/devices/" + filepath.Base(device) + "/"
		if !strings.HasPrefix(s.text(at+"class"), pciDisplay) {
			continue
		}
		gpu := GPU{
			Address:  filepath.Base(device),
			VendorID: strings.TrimPrefix(s.text(at+"vendor"), "0x"),
			DeviceID: strings.TrimPrefix(s.text(at+"device"), "0x"),
		}
		gpu.Vendor = pciVendors()[gpu.VendorID]
		lookup.name(&gpu)
		found = append(found, gpu)
	}
	if slices.Contains(s.compatible(), orinCompatible) {
		found = append(found, GPU{Vendor: "NVIDIA", Model: "Jetson Orin integrated", Architecture: "Ampere"})
	}
	return found
}

// pciVendors names the makers of display controllers by PCI's vendor ID (pci-ids.ucw.cz).
func pciVendors() map[string]string {
	return map[string]string{
		"1002": "AMD", "8086": "Intel", "10de": "NVIDIA",
		"102b": "Matrox", "1a03": "ASPEED",
		"1013": "Cirrus Logic", "1234": "QEMU", "1af4": "virtio", "1b36": "QXL", "1414": "Microsoft", "15ad": "VMware", "80ee": "VirtualBox",
	}
}
