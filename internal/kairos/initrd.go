package kairos

import (
	"os"
	"path/filepath"
)

// initRoot leads to the root of the first process: the initrd's, as long as systemd of the real
// root does not run.
const initRoot = "/proc/1/root"

// StateDirAtBoot gives where COS_STATE, mounted at dir, is seen from a boot stage. immucore runs
// the stages before switch-root in a chroot whose /run is bound without the mounts below it
// (immucore v0.20.4, internal/utils/chroot.go), so that dir is an empty folder there.
func StateDirAtBoot(dir string) string { return stateDirAtBoot(dir, initRoot) }

func stateDirAtBoot(dir, root string) string {
	if outside := filepath.Join(root, dir); !hasEnv(dir) && hasEnv(outside) {
		return outside
	}
	return dir
}

func hasEnv(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, EnvFile))
	return err == nil
}
