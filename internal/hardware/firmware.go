package hardware

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jaypipes/ghw"
)

const (
	efiDir  = "sys/firmware/efi/"
	efiVars = efiDir + "efivars/"
	// globalVariable is the GUID that UEFI's own variables have (UEFI specification, section 3.3).
	globalVariable = "-8be4df61-93ca-11d2-aa0d-00e098032b8c"
)

func (s *source) firmware() Firmware {
	var f Firmware
	if bios, err := ghw.BIOS(s.args...); err == nil {
		f.Vendor, f.Version = known(bios.Vendor), known(bios.Version)
	}
	switch {
	case s.isDir(efiDir):
		f.Mode, f.SecureBoot = UEFI, s.secureBoot()
	case s.isDir(deviceTree):
		f.Mode = DeviceTree
	default:
		f.Mode = BIOS
	}
	return f
}

// secureBoot reads UEFI's variables. Firmware that does not know Secure Boot has none of that name.
func (s *source) secureBoot() SecureBoot {
	if entries, err := os.ReadDir(s.path(efiVars)); err != nil || len(entries) == 0 {
		s.gap("Secure Boot: the firmware's variables are not mounted at /sys/firmware/efi/efivars")
		return SecureBootUnknown
	}
	switch {
	case efiSwitch(s.bytes(efiVars + "SecureBoot" + globalVariable)):
		return SecureBootOn
	case efiSwitch(s.bytes(efiVars + "SetupMode" + globalVariable)):
		return SecureBootSetup
	}
	return SecureBootOff
}

// efiSwitch reads a variable of one byte, behind the four bytes of its attributes.
func efiSwitch(data []byte) bool { return len(data) >= 5 && data[4] == 1 }

func (s *source) tpm() *TPM {
	found, err := ghw.TPM(s.args...)
	if err != nil {
		s.gap("TPM: %v", err)
		return nil
	}
	if len(found.Devices) == 0 {
		return nil
	}
	first := found.Devices[0]
	t := &TPM{Version: first.SpecVersion, Manufacturer: first.ManufacturerName}
	if t.Manufacturer == "" {
		t.Manufacturer = first.ManufacturerVendorID
	}
	return t
}

// softwareWatchdog is Linux's own (softdog): it hangs with the kernel that it should watch.
const softwareWatchdog = "Software Watchdog"

// watchdogs asks ghw whether there are any and sysfs which: ghw does not say.
func (s *source) watchdogs() []string {
	if found, err := ghw.Watchdog(s.args...); err != nil || !found.Present {
		return nil
	}
	devices, err := filepath.Glob(s.path("sys/class/watchdog/watchdog*"))
	if err != nil || len(devices) == 0 {
		return []string{"/dev/watchdog"} // before Linux 4.5
	}
	var names []string
	for _, device := range devices {
		identity := s.text("sys/class/watchdog/" + filepath.Base(device) + "/identity")
		if identity == "" {
			identity = filepath.Base(device)
		}
		if identity != softwareWatchdog && !slices.Contains(names, identity) {
			names = append(names, identity)
		}
	}
	return names
}

func (s *source) isDir(name string) bool {
	info, err := os.Stat(s.path(strings.TrimSuffix(name, "/")))
	return err == nil && info.IsDir()
}
