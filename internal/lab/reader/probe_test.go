package reader

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// As the installer printed it on a serial console under QEMU.
const probeSaid = `[  219.608641] stylet[636]: stylet-install    0s  WARN: this machine can be used; read about cpu.family
[  219.649213] stylet[636]: stylet-install    0s  PASS  architecture     amd64
[  219.666682] stylet[636]: stylet-install    0s  WARN  CPU              QEMU TCG CPU version 2.5+
[  219.790636] stylet[636]: stylet-install    0s        why:             a hypervisor's name for a CPU: the real one is hidden
Password: [  220.176600] stylet[636]: stylet-install    0s  PASS  main drive       /dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_STYLET-LAB-0001
[  220.218565] stylet[636]: stylet-install    0s  PASS  overrides        0
`

func TestProbePassesButForTheProcessorsName(t *testing.T) {
	require.NoError(t, CheckProbe(probeSaid))
	require.ErrorContains(t, CheckProbe("login:"), "not on the console")
	require.ErrorContains(t, CheckProbe(strings.Replace(probeSaid, "PASS  main drive", "WARN  main drive", 1)), "WARN of main drive")
	require.ErrorContains(t, CheckProbe(strings.Replace(probeSaid, "WARN  CPU", "FAIL  CPU", 1)), "FAIL of CPU")
	require.ErrorContains(t, CheckProbe(strings.Replace(probeSaid, "overrides        0", "overrides        1", 1)), `"1" overrides`)
}

func FuzzCheckProbe(f *testing.F) {
	f.Add(probeSaid)
	f.Fuzz(func(t *testing.T, said string) {
		if CheckProbe(said) == nil {
			require.Contains(t, said, "PASS")
		}
	})
}
