package qemu

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDiskBootsFirstUnlessTheCDIsAskedFor(t *testing.T) {
	config := Config{Disk: "d.qcow2", DiskSerial: "S1", CD: "i.iso"}
	require.Equal(t, []string{"1", "2"}, bootOrder(t, config))
	config.CDFirst = true
	require.Equal(t, []string{"2", "1"}, bootOrder(t, config))
}

// bootOrder gives the boot index of the disk and of the CD.
func bootOrder(t *testing.T, config Config) []string {
	t.Helper()
	order := make([]string, 2)
	for _, arg := range config.args(sockets{}) {
		_, index, _ := strings.Cut(arg, "bootindex=")
		switch {
		case strings.HasPrefix(arg, "scsi-hd,"):
			require.Contains(t, arg, "rotation_rate=1")
			require.Contains(t, arg, "serial=S1")
			order[0] = index
		case strings.HasPrefix(arg, "scsi-cd,"):
			order[1] = index
		}
	}
	return order
}

func TestOnlyUEFIHasFirmwareFiles(t *testing.T) {
	require.Contains(t, strings.Join(Config{Vars: "my.vars"}.args(sockets{}), " "), "unit=0,format=raw,readonly=on,file="+FirmwareCode)
	require.NotContains(t, strings.Join(Config{Firmware: BIOS, Vars: "my.vars"}.args(sockets{}), " "), "pflash")
}

func TestAStickIsNoCD(t *testing.T) {
	args := strings.Join(Config{CD: "i.iso", Stick: true}.args(sockets{}), " ")
	require.Contains(t, args, "usb-storage,drive=cd,removable=on,bootindex=2")
	require.NotContains(t, args, "scsi-cd")
}

func TestEveryResetEndsTheProcess(t *testing.T) {
	args := Config{}.args(sockets{})
	at := slices.Index(args, "-action")
	require.Positive(t, at)
	require.Equal(t, "watchdog=reset,reboot=shutdown", args[at+1])
	require.Contains(t, args, "i6300esb")
}

func TestTheGuestReachesTheRegistryOnly(t *testing.T) {
	require.NotContains(t, strings.Join(Config{}.args(sockets{}), " "), "netdev")
	args := strings.Join(Config{Relay: "/bin/relay 127.0.0.1:1"}.args(sockets{}), " ")
	require.Contains(t, args, "restrict=on,guestfwd=tcp:10.0.2.100:5000-cmd:/bin/relay 127.0.0.1:1")
	require.NotContains(t, args, "hostfwd")
}

func TestKVMOnlyWhenSaidSo(t *testing.T) {
	require.Contains(t, Config{}.args(sockets{}), "tcg,thread=multi,tb-size=256")
	require.NotContains(t, Config{}.args(sockets{}), "kvm")
	require.Contains(t, Config{Accelerator: KVM}.args(sockets{}), "kvm")
}
