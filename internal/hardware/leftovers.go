package hardware

import "fmt"

// poolTypes are the types, as blkid and udev name them, of what belongs to more than its own drive.
func poolTypes() map[string]string {
	return map[string]string{
		"LVM2_member": "LVM", "LVM1_member": "LVM",
		"linux_raid_member": "RAID", "ddf_raid_member": "RAID", "isw_raid_member": "RAID", "nvidia_raid_member": "RAID",
		"promise_fasttrack_raid_member": "RAID", "silicon_medley_raid_member": "RAID", "via_raid_member": "RAID",
		"ceph_bluestore": "Ceph", "zfs_member": "ZFS", "bcache": "bcache", "crypto_LUKS": "LUKS",
		"VMFS_volume_member": "VMFS", "drbd": "DRBD",
	}
}

// cephPartitions are the partition types that Ceph's tools gave to OSDs before LVM
// (ceph-disk; docs.ceph.com, "ceph-volume simple").
func cephPartitions() map[string]bool {
	return map[string]bool{
		"4fbd7e29-9d25-41b8-afd0-062c0ceff05d": true, // data
		"cafecafe-9b03-4f30-b4c6-b4b80ceff106": true, // block
		"45b0969e-9b03-4f30-b4c6-b4b80ceff106": true, // journal
	}
}

// Leftovers says what of an array or a pool the drive holds, and where: "LVM (sdb1)".
func (d Drive) Leftovers() []string {
	var found []string
	if what := poolTypes()[d.Type]; what != "" {
		found = append(found, fmt.Sprintf("%s (%s)", what, d.Name))
	}
	for _, p := range d.Partitions {
		what := poolTypes()[p.Type]
		if what == "" && cephPartitions()[p.Kind] {
			what = "Ceph"
		}
		if what != "" {
			found = append(found, fmt.Sprintf("%s (%s)", what, p.Name))
		}
	}
	return found
}
