package hardware

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseCPUInfo(t *testing.T) {
	t.Parallel()
	// No blank line at the end: ghw would lose the last processor.
	info := parseCPUInfo([]byte("processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Some: CPU\nflags\t\t: fpu hypervisor\n\nprocessor\t: 1\nvendor_id\t: GenuineIntel"))
	assert.Equal(t, cpuInfo{model: "Some: CPU", vendor: "GenuineIntel", processors: 2, x86: true, hypervisor: true}, info)

	// A word that contains the flag's name is another flag.
	assert.False(t, parseCPUInfo([]byte("flags : nohypervisor hypervisor_x")).hypervisor)
	assert.True(t, parseCPUInfo([]byte("CPU implementer\t: 0x41")).arm)
	assert.True(t, parseCPUInfo([]byte("vendor_id\t: User Mode Linux")).userMode)
	assert.Equal(t, cpuInfo{}, parseCPUInfo(nil))
}

func TestParseUdev(t *testing.T) {
	t.Parallel()
	record := parseUdev([]byte("S:disk/by-id/a\nS:\nE:ID_FS_LABEL=with=sign\nE:=x\nE:novalue\nI:12\nL:0\n"))
	assert.Equal(t, []string{"disk/by-id/a"}, record.links)
	assert.Equal(t, map[string]string{"ID_FS_LABEL": "with=sign"}, record.properties)
}

func TestBestByID(t *testing.T) {
	t.Parallel()
	cases := map[string][]string{
		// Model and serial number before what only machines can read; the form without namespace.
		"/dev/disk/by-id/nvme-Maker_Model_S1": {"disk/by-id/nvme-eui.0025", "disk/by-id/nvme-Maker_Model_S1_1", "disk/by-id/nvme-Maker_Model_S1", "disk/by-path/p"},
		"/dev/disk/by-id/ata-Model_S2":        {"disk/by-id/wwn-0x5", "disk/by-id/ata-Model_S2"},
		"/dev/disk/by-id/scsi-0QEMU_x":        {"disk/by-id/scsi-3600", "disk/by-id/scsi-0QEMU_x"},
		"/dev/disk/by-id/wwn-0x5":             {"disk/by-id/wwn-0x5", "disk/by-id/scsi-3600"},
		"/dev/disk/by-id/other":               {"disk/by-id/other"},
		"":                                    {"disk/by-path/p"},
	}
	for want, links := range cases {
		best, others := bestByID(links)
		assert.Equal(t, want, best)
		assert.NotContains(t, others, best)
		if want != "" {
			assert.Len(t, others, len(links)-1)
		}
	}
}

func TestParseMounts(t *testing.T) {
	t.Parallel()
	mounts := parseMounts([]byte("/dev/sda1 /mnt/with\\040space ext4 rw 0 0\n\nshort\n/dev/sda2 /oem ext4 rw 0 0\n/dev/sdb1 /oem ext4 rw 0 0\n"))
	assert.Equal(t, map[string]string{"/mnt/with space": "/dev/sda1", "/oem": "/dev/sdb1"}, mounts)
}

func FuzzParseCPUInfo(f *testing.F) {
	f.Add([]byte("processor\t: 0\nflags\t: fpu hypervisor\n\n"))
	f.Add([]byte("CPU implementer: 0x41\nFeatures :"))
	f.Fuzz(func(t *testing.T, data []byte) {
		info := parseCPUInfo(data)
		require.LessOrEqual(t, info.processors, strings.Count(string(data), "processor"))
		if info.hypervisor {
			require.Contains(t, string(data), "hypervisor")
		}
	})
}

func FuzzParseUdev(f *testing.F) {
	f.Add([]byte("S:disk/by-id/ata-x\nE:ID_FS_LABEL=COS_STATE\n"))
	f.Add([]byte("S:disk/by-id/nvme-eui.1\r\nS:\nE:A=\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		record := parseUdev(data)
		for _, link := range record.links {
			require.NotContains(t, link, "\n")
			require.Contains(t, string(data), "S:"+link)
		}
		best, others := bestByID(record.links)
		if best == "" {
			require.Len(t, others, len(record.links))
		} else {
			require.True(t, strings.HasPrefix(best, "/dev/disk/by-id/"))
		}
	})
}

func FuzzParseMounts(f *testing.F) {
	f.Add([]byte("/dev/sda1 /oem ext4 rw 0 0\n"))
	f.Add([]byte("a\\040b c\\134 d\n\n \x00 "))
	f.Fuzz(func(t *testing.T, data []byte) {
		require.LessOrEqual(t, len(parseMounts(data)), strings.Count(string(data), "\n")+1)
	})
}
