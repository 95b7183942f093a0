package hardware

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
)

// GPULookupPaths are where a host's own table of GPUs may be, in the form that the original
// documents; the first that exists counts.
func GPULookupPaths() []string {
	return []string{"/etc/stylet/gpus.json", "/etc/spectrocloud/custom-hardware-specs-lookup.json"}
}

// maxLookupBytes bounds the table: it is a short list.
const maxLookupBytes = 1 << 20

// gpuModel is an entry of the table. A host's own wins over ours.
type gpuModel struct {
	MarketingName string   `json:"marketingName"`
	VRAM          float64  `json:"vRAM"` // decimal GB
	MIGCapable    bool     `json:"migCapable"`
	Vendor        string   `json:"vendor"`
	VendorID      string   `json:"vendorID"`
	DeviceID      []string `json:"deviceID"`
	Architecture  string   `json:"architecture"`
}

type gpuTable []gpuModel

// builtinGPUs are accelerators that are common at the edge; device IDs from the PCI ID database.
func builtinGPUs() gpuTable {
	nvidia := func(id, name string, vram float64, architecture string, mig bool) gpuModel {
		return gpuModel{name, vram, mig, "NVIDIA", "10de", []string{id}, architecture}
	}
	return gpuTable{
		nvidia("1eb8", "Tesla T4", 16, "Turing", false),
		nvidia("2236", "A10", 24, "Ampere", false),
		nvidia("20b7", "A30", 24, "Ampere", true),
		nvidia("2235", "A40", 48, "Ampere", false),
		nvidia("20f1", "A100 PCIe 40GB", 40, "Ampere", true),
		nvidia("20b5", "A100 PCIe 80GB", 80, "Ampere", true),
		nvidia("27b8", "L4", 24, "Ada Lovelace", false),
		nvidia("26b5", "L40", 48, "Ada Lovelace", false),
		nvidia("26b9", "L40S", 48, "Ada Lovelace", false),
		nvidia("2331", "H100 PCIe", 80, "Hopper", true),
	}
}

// gpuLookup is the host's table before ours. A table that cannot be read is a gap: the GPUs are
// listed all the same.
func (s *source) gpuLookup() gpuTable {
	for _, path := range GPULookupPaths() {
		file, err := os.Open(s.path(path))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		var table gpuTable
		if err == nil {
			var data []byte
			data, err = io.ReadAll(io.LimitReader(file, maxLookupBytes+1))
			_ = file.Close()
			if err == nil {
				table, err = parseGPUTable(data)
			}
		}
		if err != nil {
			s.gap("GPU names: %s: %v", path, err)
		}
		return append(table, builtinGPUs()...)
	}
	return builtinGPUs()
}

var pciID = regexp.MustCompile(`^[0-9a-f]{4}$`)

// parseGPUTable wants every field of every entry, as documented, and no other.
func parseGPUTable(data []byte) (gpuTable, error) {
	if len(data) > maxLookupBytes {
		return nil, fmt.Errorf("more than the %d bytes allowed", maxLookupBytes)
	}
	var raw []map[string]json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return nil, fmt.Errorf("it is not a list of objects: %w", err)
	}
	for i, entry := range raw {
		for _, field := range []string{"marketingName", "vRAM", "migCapable", "vendor", "vendorID", "deviceID", "architecture"} {
			if _, ok := entry[field]; !ok {
				return nil, fmt.Errorf("entry %d has no %s", i, field)
			}
		}
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	var table gpuTable
	if err := decoder.Decode(&table); err != nil {
		return nil, err
	}
	for i := range table {
		if err := table[i].check(); err != nil {
			return nil, fmt.Errorf("entry %d: %w", i, err)
		}
	}
	return table, nil
}

func (m *gpuModel) check() error {
	m.VendorID = strings.ToLower(m.VendorID)
	for i, id := range m.DeviceID {
		m.DeviceID[i] = strings.ToLower(id)
	}
	vendor := strings.ToUpper(m.Vendor)
	switch {
	case strings.TrimSpace(m.MarketingName) == "":
		return errors.New("marketingName is empty")
	case m.VRAM < 0 || m.VRAM > 1e6:
		return fmt.Errorf("vRAM %g is no size in GB", m.VRAM)
	case !strings.Contains(vendor, "AMD") && !strings.Contains(vendor, "INTEL") && !strings.Contains(vendor, "NVIDIA"):
		return fmt.Errorf("vendor %q contains none of AMD, Intel, NVIDIA", m.Vendor)
	case !pciID.MatchString(m.VendorID):
		return fmt.Errorf("vendorID %q is not four hexadecimal digits without 0x", m.VendorID)
	case len(m.DeviceID) == 0:
		return errors.New("deviceID is empty")
	}
	for _, id := range m.DeviceID {
		if !pciID.MatchString(id) {
			return fmt.Errorf("deviceID %q is not four hexadecimal digits without 0x", id)
		}
	}
	return nil
}

// name fills in what the table knows of a GPU.
func (t gpuTable) name(gpu *GPU) {
	for _, m := range t {
		if m.VendorID == gpu.VendorID && slices.Contains(m.DeviceID, gpu.DeviceID) {
			gpu.Vendor, gpu.Model, gpu.Architecture, gpu.MIG = m.Vendor, m.MarketingName, m.Architecture, m.MIGCapable
			gpu.Memory = int64(m.VRAM * 1e9)
			return
		}
	}
}
