package compose

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// The loop device and the mount are made by system calls and not by mount(8): a program that
// outlives its killed parent for an instant could mount after the next call has cleaned up.
// A loop device marked "autoclear" goes with its last user, also when that is killed.

const mountFlags = unix.MS_NOATIME | unix.MS_NODEV | unix.MS_NOSUID | unix.MS_NOEXEC

// mountImage mounts the file system in an image file on dir.
func mountImage(file, dir string) (err error) {
	device, err := attach(file)
	if err != nil {
		return fmt.Errorf("mounting %s: %w", file, err)
	}
	defer func() { err = errors.Join(err, device.Close()) }()
	if err := unix.Mount(device.Name(), dir, "ext2", mountFlags, ""); err != nil {
		return fmt.Errorf("mounting %s on %s: %w", file, dir, err)
	}
	return nil
}

// attach gives a loop device for the file, which is free again once nobody uses it.
func attach(file string) (*os.File, error) {
	backing, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = backing.Close() }()
	control, err := os.OpenFile("/dev/loop-control", os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = control.Close() }()
	config := unix.LoopConfig{Fd: uint32(backing.Fd())}
	config.Info.Flags = unix.LO_FLAGS_AUTOCLEAR
	copy(config.Info.File_name[:len(config.Info.File_name)-1], file)
	for {
		// Whoever is quicker gets the free device; then there is another one.
		number, err := unix.IoctlRetInt(int(control.Fd()), unix.LOOP_CTL_GET_FREE)
		if err != nil {
			return nil, fmt.Errorf("asking for a free loop device: %w", err)
		}
		device, err := os.OpenFile(fmt.Sprintf("/dev/loop%d", number), os.O_RDWR|unix.O_CLOEXEC, 0)
		if err != nil {
			return nil, err
		}
		err = unix.IoctlLoopConfigure(int(device.Fd()), &config)
		if err == nil {
			return device, nil
		}
		_ = device.Close()
		if !errors.Is(err, unix.EBUSY) {
			return nil, fmt.Errorf("setting up %s: %w", device.Name(), err)
		}
	}
}

// busyWait is how long somebody may hold the mounted image: indexers and udev look at every new
// file system for a moment.
const busyWait = 20 * time.Second

// seal writes everything back to the image file, and unmounts it. The file system becomes
// read-only first, wherever it is mounted: a mount namespace that was made meanwhile (any service
// with PrivateMounts= has one) may hold a copy of the mount, and the kernel would go on writing to
// the image long after our own unmount.
func seal(ctx context.Context, dir string) error {
	err := unlessBusy(ctx, func() error { return unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY|mountFlags, "") })
	if err != nil {
		return fmt.Errorf("making %s read-only: %w", dir, err)
	}
	return unmount(ctx, dir)
}

// unmount unmounts dir.
func unmount(ctx context.Context, dir string) error {
	err := unlessBusy(ctx, func() error { return unix.Unmount(dir, unix.UMOUNT_NOFOLLOW) })
	if err != nil {
		return fmt.Errorf("unmounting %s: %w", dir, err)
	}
	return nil
}

// unlessBusy repeats a call that fails with EBUSY. It does not end with ctx: it cleans up.
func unlessBusy(ctx context.Context, call func() error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), busyWait)
	defer cancel()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		err := call()
		if !errors.Is(err, unix.EBUSY) || ctx.Err() != nil {
			return err
		}
		select {
		case <-again.C:
		case <-ctx.Done():
		}
	}
}
