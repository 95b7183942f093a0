package trace

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const seen = `812   execve("/usr/local/lab/kairos-agent", ["kairos-agent", "upgrade"], 0x7ffd /* 9 vars */) = 0
812   openat(AT_FDCWD, "/run/initramfs/cos-state/cOS/transition.img", O_RDONLY|O_CLOEXEC) = -1 ENOENT (No such file or directory)
813   openat(AT_FDCWD, "/run/initramfs/cos-state/cOS/transition.img", O_RDWR|O_CREAT|O_TRUNC|O_CLOEXEC, 0666) = 9
814   openat(AT_FDCWD, "/var/log/kairos/agent.log", O_WRONLY|O_CREAT, 0644) = 10
815   execve("/usr/sbin/tune2fs", ["tune2fs", "-L", "COS_ACTIVE", "/run/initramfs/cos-state/cOS/transition.img"], 0xc0 /* 9 vars */ <unfinished ...>
815   <... execve resumed>)                   = 0
812   renameat(AT_FDCWD, "/run/initramfs/cos-state/cOS/active.img", AT_FDCWD, "/run/initramfs/cos-state/cOS/passive.img") = 0
812   sync( <unfinished ...>
812   <... sync resumed>)                     = 0
812   openat(AT_FDCWD, "/oem/grubenv", O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC, 0644) = 9
812   unlinkat(AT_FDCWD, "/run/initramfs/cos-state/cOS/left.img", 0) = 0
+++ exited with 0 +++
`

func TestAccountSpeaksTheStandInsWords(t *testing.T) {
	require.Equal(t, []string{
		"create cOS/transition.img",
		"label cOS/transition.img COS_ACTIVE",
		"rename cOS/active.img cOS/passive.img",
		"sync",
		"write grubenv",
		"unlink cOS/left.img",
	}, OnHost().Account(seen))
}

func FuzzAccount(f *testing.F) {
	f.Add(seen)
	f.Add(`1 renameat(AT_FDCWD, "/oem/\"a", AT_FDCWD, "/oem/`)
	f.Fuzz(func(t *testing.T, trace string) {
		for _, operation := range OnHost().Account(trace) {
			require.NotEmpty(t, operation)
		}
	})
}
