package kairos

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/kairos-io/kairos-sdk/constants"
)

// AtBoot lets a boot stage use the host. Before switch-root COS_STATE cannot be reached: immucore
// mounts it at /sysroot/run/initramfs/cos-state, then the root over it, and runs the stages in a
// chroot there (v0.20.4, pkg/state/steps.go and internal/utils/chroot.go; systemd mounts it again
// later). Then it is mounted once more, read-only, for as long as use runs.
//
// use runs in any case; without COS_STATE it meets, and tells, the missing file.
func (h Host) AtBoot(ctx context.Context, use func(Host) error) error {
	if _, err := os.Stat(h.envPath()); err == nil {
		return use(h)
	}
	dir, err := os.MkdirTemp("", "stylet-state-")
	if err != nil {
		return errors.Join(fmt.Errorf("looking at COS_STATE from a boot stage: %w", err), use(h))
	}
	used := false
	err = withMount(ctx, h.Runner, "LABEL="+constants.StateLabel, dir, "ro", func() error {
		used = true
		there := h
		there.StateDir = dir
		return use(there)
	})
	if !used {
		err = errors.Join(fmt.Errorf("looking at COS_STATE from a boot stage: %w", err), use(h))
	}
	return errors.Join(err, os.Remove(dir))
}
