package hardware

import (
	"os"
	"slices"
	"strings"

	"github.com/jaypipes/ghw"
)

// notDrives are the name prefixes of block devices made of memory, files, the network or other
// drives.
func notDrives() []string {
	return []string{"loop", "ram", "zram", "dm-", "md", "nbd", "drbd", "bcache"}
}

func (s *source) drives() []Drive {
	found, err := ghw.Block(s.args...)
	if err != nil {
		s.gap("drives: %v", err)
		return nil
	}
	var drives []Drive
	for _, disk := range found.Disks {
		made := slices.ContainsFunc(notDrives(), func(prefix string) bool { return strings.HasPrefix(disk.Name, prefix) })
		// A path of a multipath NVMe drive is hidden; the drive itself is listed beside it.
		if !made && s.text("sys/block/"+disk.Name+"/hidden") != "1" {
			drives = append(drives, s.drive(disk))
		}
	}
	return drives
}

func (s *source) drive(disk *ghw.Disk) Drive {
	sys := "sys/block/" + disk.Name + "/"
	udev := parseUdev(s.bytes("run/udev/data/b" + s.text(sys+"dev")))
	d := Drive{
		Name:      disk.Name,
		Path:      "/dev/" + disk.Name,
		Model:     s.model(disk, sys),
		Serial:    known(disk.SerialNumber),
		Transport: s.transport(disk, udev),
		Size:      int64(disk.SizeBytes),
		Rotation:  rotation(s.text(sys + "queue/rotational")),
		Removable: disk.IsRemovable,
		ReadOnly:  s.text(sys+"ro") == "1",
		Type:      udev.properties["ID_FS_TYPE"],
	}
	if d.Serial == "" {
		d.Serial = s.text(sys + "device/serial")
	}
	d.ByID, d.Links = bestByID(udev.links)
	if label := udev.properties["ID_FS_LABEL"]; label != "" {
		d.Labels = append(d.Labels, label)
	}
	for _, part := range disk.Partitions {
		p := Partition{Name: part.Name, Size: int64(part.SizeBytes), Label: known(part.FilesystemLabel), Type: known(part.Type)}
		partUdev := parseUdev(s.bytes("run/udev/data/b" + s.text(sys+part.Name+"/dev")))
		p.Kind = strings.ToLower(partUdev.properties["ID_PART_ENTRY_TYPE"])
		if p.Type == "" {
			p.Type = partUdev.properties["ID_FS_TYPE"]
		}
		d.Partitions = append(d.Partitions, p)
		d.addLabel(p.Label)
	}
	return d
}

func (d *Drive) addLabel(label string) {
	if label != "" && !slices.Contains(d.Labels, label) {
		d.Labels = append(d.Labels, label)
	}
}

// model prefers udev's name; sysfs has one too, except for virtio drives.
func (s *source) model(disk *ghw.Disk, sys string) string {
	if model := known(disk.Model); model != "" {
		return strings.TrimSpace(strings.ReplaceAll(model, "_", " "))
	}
	return s.text(sys + "device/model")
}

func rotation(text string) Rotation {
	switch text {
	case "0":
		return SolidState
	case "1":
		return Rotational
	}
	return RotationUnknown
}

// transport goes by the kernel's name where that is certain. "sd" names many buses: there udev
// knows, and without udev the place in sysfs tells USB apart, which matters most.
func (s *source) transport(disk *ghw.Disk, udev udevRecord) string {
	name := disk.Name
	switch {
	case strings.HasPrefix(name, "nvme"):
		return "nvme"
	case strings.HasPrefix(name, "vd"):
		return "virtio"
	case strings.HasPrefix(name, "xvd"):
		return "xen"
	case strings.HasPrefix(name, "sr"):
		return "optical"
	case strings.HasPrefix(name, "fd"):
		return "floppy"
	case strings.HasPrefix(name, "mmcblk"):
		if s.text("sys/block/"+name+"/device/type") == "SD" {
			return "sd"
		}
		return "mmc"
	}
	if bus := udev.properties["ID_BUS"]; bus != "" {
		return bus
	}
	place, err := os.Readlink(s.path("sys/block/" + name))
	switch {
	case err == nil && strings.Contains(place, "/usb"):
		return "usb"
	case strings.HasPrefix(name, "sd"):
		return "scsi"
	}
	return ""
}
