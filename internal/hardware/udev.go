package hardware

import (
	"cmp"
	"slices"
	"strings"
)

// udevRecord is one file of /run/udev/data: links of a device and properties that udev found.
type udevRecord struct {
	links      []string // below /dev, without it: "disk/by-id/..."
	properties map[string]string
}

// parseUdev reads "S:link" and "E:KEY=value" lines; the others are udev's own business.
func parseUdev(data []byte) udevRecord {
	record := udevRecord{properties: map[string]string{}}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimRight(line, "\r\n")
		if link, ok := strings.CutPrefix(line, "S:"); ok && link != "" {
			record.links = append(record.links, link)
		}
		if property, ok := strings.CutPrefix(line, "E:"); ok {
			if key, value, ok := strings.Cut(property, "="); ok && key != "" {
				record.properties[key] = value
			}
		}
	}
	return record
}

// byIDOrder ranks the forms of names below /dev/disk/by-id: those with model and serial number
// first, since a technician can compare them with the label on the drive.
func byIDOrder() []string {
	return []string{"ata-", "nvme-", "mmc-", "virtio-", "scsi-", "usb-", "wwn-", ""}
}

// bestByID picks the best by-id path and gives the others, sorted.
func bestByID(links []string) (best string, others []string) {
	rank := func(link string) int {
		name := strings.TrimPrefix(link, "/dev/disk/by-id/")
		if strings.HasPrefix(name, "nvme-eui.") || strings.HasPrefix(name, "nvme-nvme.") || strings.HasPrefix(name, "scsi-3") {
			return len(byIDOrder()) // right, but only machines can read them
		}
		return slices.IndexFunc(byIDOrder(), func(prefix string) bool { return strings.HasPrefix(name, prefix) })
	}
	for _, link := range links {
		others = append(others, "/dev/"+link)
	}
	slices.Sort(others)
	ids := slices.DeleteFunc(slices.Clone(others), func(link string) bool { return !strings.HasPrefix(link, "/dev/disk/by-id/") })
	if len(ids) == 0 {
		return "", others
	}
	// The shortest of one form: newer udev repeats NVMe names with the namespace, "..._1".
	best = slices.MinFunc(ids, func(a, b string) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
	})
	return best, slices.DeleteFunc(others, func(link string) bool { return link == best })
}
