package hardware

import "time"

// Facts is what a machine says about itself. Sizes are in bytes.
type Facts struct {
	// Architecture is a GOARCH name: amd64, arm64.
	Architecture   string         `json:"architecture"`
	Machine        Machine        `json:"machine"`
	CPU            CPU            `json:"cpu"`
	Memory         Memory         `json:"memory"`
	Virtualization Virtualization `json:"virtualization"`
	Firmware       Firmware       `json:"firmware"`
	// TPM is nil if there is none.
	TPM *TPM `json:"tpm,omitempty"`
	// Watchdogs names the hardware that restarts a host that hangs.
	Watchdogs []string `json:"watchdogs,omitempty"`
	Clock     Clock    `json:"clock"`
	GPUs      []GPU    `json:"gpus,omitempty"`
	Boot      Boot     `json:"boot"`
	// Drives are in the kernel's order of names. Devices made of memory, files or other drives
	// (loop, zram, ram, dm, md, nbd) are left out.
	Drives []Drive `json:"drives"`
	// Gaps says what could not be read and why: containers and odd firmware hide things.
	Gaps []string `json:"gaps,omitempty"`
}

// Machine names the board.
type Machine struct {
	Vendor  string `json:"vendor,omitempty"`
	Product string `json:"product,omitempty"`
	// Compatible is the device tree's list, the most specific first; empty where there is no
	// device tree.
	Compatible []string `json:"compatible,omitempty"`
}

// CPU is the sum of all packages.
type CPU struct {
	Model  string `json:"model,omitempty"`
	Vendor string `json:"vendor,omitempty"`
	// Cores are physical ones, Threads what the scheduler sees.
	Cores   int `json:"cores"`
	Threads int `json:"threads"`
}

// Memory in bytes.
type Memory struct {
	// Usable is the kernel's MemTotal: what is left after firmware, graphics and the kernel.
	Usable int64 `json:"usable"`
	// Installed is the sum of the memory blocks that the kernel knows; zero if it has none.
	Installed int64 `json:"installed,omitempty"`
}

// Virtualization tells bare metal and virtual machines apart.
type Virtualization struct {
	Virtual bool `json:"virtual"`
	// Kind is a name as systemd-detect-virt gives them: kvm, qemu, vmware, microsoft, oracle, xen,
	// amazon, google, ..., vm-other for a hypervisor that hides its name, none for bare metal.
	Kind string `json:"kind"`
	// Container names the container manager if the probe runs in a container.
	Container string `json:"container,omitempty"`
	// Evidence lists what the answer rests on.
	Evidence []string `json:"evidence"`
}

// FirmwareMode is what started the running system.
type FirmwareMode string

// The modes.
const (
	UEFI       FirmwareMode = "uefi"
	BIOS       FirmwareMode = "bios"
	DeviceTree FirmwareMode = "device-tree" // a boot loader that hands over a device tree, without UEFI
)

// SecureBoot is the state of UEFI's signature check.
type SecureBoot string

// The states of Secure Boot. There is none without UEFI.
const (
	SecureBootOn      SecureBoot = "on"
	SecureBootOff     SecureBoot = "off"
	SecureBootSetup   SecureBoot = "setup" // off, and whoever starts may enrol keys
	SecureBootUnknown SecureBoot = "unknown"
)

// Firmware of the machine.
type Firmware struct {
	Mode       FirmwareMode `json:"mode"`
	Vendor     string       `json:"vendor,omitempty"`
	Version    string       `json:"version,omitempty"`
	SecureBoot SecureBoot   `json:"secureBoot,omitempty"`
}

// TPM is a trusted platform module.
type TPM struct {
	Version      string `json:"version,omitempty"` // of its specification: 1.2 or 2.0
	Manufacturer string `json:"manufacturer,omitempty"`
}

// Clock is the time of day as the machine has it.
type Clock struct {
	// Now is zero if the time of another machine's tree cannot be told.
	Now time.Time `json:"now,omitzero"`
	// Hardware is true if a clock goes on while the power is off.
	Hardware bool `json:"hardware"`
}

// GPU is a display or compute accelerator on the PCI bus, or the integrated one of a Jetson.
type GPU struct {
	// Address on the PCI bus, as 0000:01:00.0; empty for an integrated one.
	Address string `json:"address,omitempty"`
	// VendorID and DeviceID are four hexadecimal digits without 0x; empty for an integrated one.
	VendorID string `json:"vendorID,omitempty"`
	DeviceID string `json:"deviceID,omitempty"`
	Vendor   string `json:"vendor,omitempty"`
	// Model, Memory (in bytes), Architecture and MIG come from the lookup tables: see GPULookupPaths.
	Model        string `json:"model,omitempty"`
	Memory       int64  `json:"memory,omitempty"`
	Architecture string `json:"architecture,omitempty"`
	MIG          bool   `json:"migCapable,omitempty"`
}

// Boot says where the running system came from.
type Boot struct {
	// Live is true in the installer's live system.
	Live bool `json:"live"`
	// Medium is the name of the drive that the live system was booted from, System that of the
	// drive that an installed system runs from. Empty if unknown (or network boot).
	Medium string `json:"medium,omitempty"`
	System string `json:"system,omitempty"`
}

// Rotation says whether a drive has turning platters.
type Rotation string

// What the kernel can say about rotation.
const (
	SolidState      Rotation = "solid-state"
	Rotational      Rotation = "rotational"
	RotationUnknown Rotation = "unknown"
)

// Drive is a whole block device.
type Drive struct {
	Name string `json:"name"` // the kernel's: sda, nvme0n1
	Path string `json:"path"` // /dev/sda
	// ByID is the best name below /dev/disk/by-id, which stays the same when drives are added or
	// the kernel counts in another order; empty if there is none.
	ByID string `json:"byID,omitempty"`
	// Links are all other paths of the drive below /dev.
	Links  []string `json:"links,omitempty"`
	Model  string   `json:"model,omitempty"`
	Serial string   `json:"serial,omitempty"`
	// Transport is nvme, ata, scsi, virtio, mmc, sd, usb, xen, optical, floppy, or empty if unknown.
	Transport string   `json:"transport,omitempty"`
	Size      int64    `json:"size"`
	Rotation  Rotation `json:"rotation"`
	Removable bool     `json:"removable,omitempty"`
	ReadOnly  bool     `json:"readOnly,omitempty"`
	// Type is that of a file system, or of an array's or pool's member, on the whole drive.
	Type string `json:"type,omitempty"`
	// Labels are those of the file systems on the drive and its partitions.
	Labels     []string    `json:"labels,omitempty"`
	Partitions []Partition `json:"partitions,omitempty"`
	// Unfinished is set by a caller who looked inside: stylet itself began the installation whose
	// labels are there, was cut off before its end, and nothing would be lost with it.
	Unfinished bool `json:"unfinished,omitempty"`
}

// Partition of a drive.
type Partition struct {
	Name  string `json:"name"`
	Size  int64  `json:"size"`
	Label string `json:"label,omitempty"` // of its file system
	// Type is that of its file system, or says of what array or pool it is a member.
	Type string `json:"type,omitempty"`
	// Kind is the partition table's type, a GUID in lower case.
	Kind string `json:"kind,omitempty"`
}

// Device gives the path to name the drive by: ByID if it has one.
func (d Drive) Device() string {
	if d.ByID != "" {
		return d.ByID
	}
	return d.Path
}
