// Package qemu runs the machines of the proof: UEFI or BIOS, a disk behind virtio-scsi that says it is an
// SSD, a hardware watchdog, a serial console, and a network that leads to one registry only.
//
// Every boot is a QEMU process of its own, as if somebody had switched the machine on: warm
// resets within one process get slower and slower (kernel phase 6 s, 42 s after five), and a
// killed process is the honest power cut of this machine.
package qemu

import (
	"fmt"
	"strconv"
)

// Accelerator executes the guest's instructions.
type Accelerator string

// The accelerators. TCG translates; it works everywhere.
const (
	TCG Accelerator = "tcg"
	KVM Accelerator = "kvm"
)

// Firmware is what a machine starts with.
type Firmware string

// The firmwares: OVMF without Secure Boot's keys, and SeaBIOS.
const (
	UEFI Firmware = "uefi"
	BIOS Firmware = "bios"
)

// RegistryInGuest is where the guest finds the registry, and the only address that answers it.
const RegistryInGuest = "10.0.2.100:5000"

// Config describes a machine.
type Config struct {
	// MemoryMiB defaults to 8192, the least that the probe accepts.
	MemoryMiB int
	// CPUs defaults to 2.
	CPUs int
	// Accelerator defaults to TCG.
	Accelerator Accelerator
	// Firmware defaults to UEFI.
	Firmware Firmware
	// Vars are this machine's own copy of UEFI's variables.
	Vars string
	// Disk is the machine's disk, Format raw or qcow2, Serial what it says its serial number is.
	Disk, DiskFormat, DiskSerial string
	// CD is an ISO image; CDFirst boots it although the disk is bootable.
	CD      string
	CDFirst bool
	// Stick puts the ISO onto a USB stick instead of into a CD drive.
	Stick bool
	// Open lets the guest reach this side's loopback, at its gateway.
	Open bool
	// Screen gives the machine a screen, which UEFI hands over to the kernel.
	Screen bool
	// Relay is a command without spaces in its words that connects its standard input and output
	// to the registry. Empty: no network.
	//
	// A command, not QEMU's "tcp:" form: that one keeps a single connection for the life of the
	// machine, so an interrupted download would leave its rest to the next request.
	Relay string
}

func (c Config) withDefaults() Config {
	if c.MemoryMiB == 0 {
		c.MemoryMiB = 8192
	}
	if c.CPUs == 0 {
		c.CPUs = 2
	}
	if c.Accelerator == "" {
		c.Accelerator = TCG
	}
	if c.Firmware == "" {
		c.Firmware = UEFI
	}
	if c.DiskFormat == "" {
		c.DiskFormat = "qcow2"
	}
	return c
}

// sockets are the unix sockets at which the harness waits for QEMU.
type sockets struct{ console, monitor string }

// args gives QEMU's command line, the program itself included.
func (c Config) args(s sockets) []string {
	c = c.withDefaults()
	a := []string{
		"qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none",
		"-machine", "q35", "-m", strconv.Itoa(c.MemoryMiB), "-smp", strconv.Itoa(c.CPUs),
	}
	switch c.Accelerator {
	case KVM:
		a = append(a, "-accel", "kvm", "-cpu", "host")
	case TCG:
		// Without erms Linux clears a page by 512 stores instead of 4096. On a page that held the code of
		// many processes each of these makes QEMU walk all its translations of that page: BIOS machines,
		// whose memory is handed out in another order, were seen to need half a minute for one page, and
		// ended by their watchdog. A small cache of translations, emptied more often, keeps few of them on a page.
		a = append(a, "-accel", "tcg,thread=multi,tb-size=256", "-cpu", "max,-erms,-fsrm")
	}
	a = append(
		a,
		"-chardev", "socket,id=console,server=off,path="+s.console, "-serial", "chardev:console",
		"-chardev", "socket,id=monitor,server=off,path="+s.monitor, "-mon", "chardev=monitor,mode=control",
		// The watchdog resets the guest, and every reset ends this process: the harness reads
		// the reason from the monitor and starts a fresh one.
		"-device", "i6300esb", "-action", "watchdog=reset,reboot=shutdown",
		"-device", "virtio-rng-pci",
	)
	if c.Screen {
		// A frame buffer in the guest's memory and no graphics card: the driver of one costs an emulated
		// processor seconds, in which a watchdog may bite.
		a = append(a, "-device", "ramfb")
	}
	return append(append(append(a, c.firmwareArgs()...), c.driveArgs()...), c.networkArgs()...)
}

func (c Config) firmwareArgs() []string {
	if c.Firmware == BIOS {
		return nil // SeaBIOS is QEMU's own
	}
	return []string{
		"-drive", "if=pflash,unit=0,format=raw,readonly=on,file=" + FirmwareCode,
		"-drive", "if=pflash,unit=1,format=raw,file=" + c.Vars,
	}
}

// driveArgs puts the disk before the CD, so that an installed machine boots from its disk and an
// empty disk falls through to the CD.
func (c Config) driveArgs() []string {
	a := []string{"-device", "virtio-scsi-pci,id=scsi"}
	disk, cd := 1, 2
	if c.CDFirst {
		disk, cd = 2, 1
	}
	if c.Disk != "" {
		// cache=unsafe: the guest's flushes need not reach the host's disk. A killed QEMU loses
		// nothing that the guest had written, with or without it (facts: "honest power cut").
		a = append(
			a,
			"-drive", fmt.Sprintf("if=none,id=disk,format=%s,cache=unsafe,discard=unmap,file=%s", c.DiskFormat, c.Disk),
			"-device", fmt.Sprintf("scsi-hd,drive=disk,bus=scsi.0,rotation_rate=1,serial=%s,bootindex=%d", c.DiskSerial, disk),
		)
	}
	switch {
	case c.CD != "" && c.Stick:
		a = append(
			a,
			"-drive", "if=none,id=cd,format=raw,readonly=on,file="+c.CD,
			"-device", "qemu-xhci", "-device", fmt.Sprintf("usb-storage,drive=cd,removable=on,bootindex=%d", cd),
		)
	case c.CD != "":
		a = append(
			a,
			"-drive", "if=none,id=cd,format=raw,readonly=on,media=cdrom,file="+c.CD,
			"-device", fmt.Sprintf("scsi-cd,drive=cd,bus=scsi.0,bootindex=%d", cd),
		)
	}
	return a
}

func (c Config) networkArgs() []string {
	restrict := "on"
	switch {
	case c.Open:
		restrict = "off"
	case c.Relay == "":
		return nil
	}
	return []string{
		"-netdev", "user,id=net,restrict=" + restrict + ",guestfwd=tcp:" + RegistryInGuest + "-cmd:" + c.Relay,
		"-device", "virtio-net-pci,netdev=net",
	}
}
