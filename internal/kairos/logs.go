package kairos

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/kairos-io/kairos-sdk/constants"

	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/base/durable"
)

// Where the logs of an installation go.
const (
	// LogDrive is the label of a drive that somebody plugged in for them.
	LogDrive = "STYLET-LOGS"
	// failedLogs is their directory on it, and on the COS_OEM of an installation that failed.
	failedLogs = "stylet-install-logs"
	// stateOnPersistent is the state directory of the installed host.
	stateOnPersistent = ".stylet"
)

// mountLogs is where those file systems are mounted below WorkDir meanwhile.
const mountLogs = "logs"

// LogCopy brings files to a place that outlives the live system.
type LogCopy struct {
	Runner command.Runner
	// WorkDir is that of the InstallSpec.
	WorkDir string
	// Files are contents by name.
	Files map[string][]byte
}

// ToLogDrive copies them to a drive that is labelled LogDrive, and says where they are now; "" without
// an error if there is no such drive.
func (c LogCopy) ToLogDrive(ctx context.Context) (place string, err error) {
	device := "/dev/disk/by-label/" + LogDrive
	if _, err := os.Stat(device); errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return "the drive " + LogDrive + ", folder " + failedLogs, c.onto(ctx, device, failedLogs)
}

// ToFailed copies them to the COS_OEM of the device, on which an installation was begun and has failed; ""
// without an error if it did not get so far. An installation that is begun anew makes COS_OEM anew.
func (c LogCopy) ToFailed(ctx context.Context, device string) (place string, err error) {
	d, err := readDisk(ctx, c.Runner, device)
	if err != nil || d.byLabel[constants.OEMLabel] == "" {
		return "", err
	}
	return "the installed drive, " + constants.OEMLabel + ", folder " + failedLogs,
		c.onto(ctx, d.byLabel[constants.OEMLabel], failedLogs)
}

// ToInstalled copies them to the state directory of the host that was installed on the device, in the
// folder of the given name.
func (c LogCopy) ToInstalled(ctx context.Context, device, name string) error {
	d, err := readDisk(ctx, c.Runner, device)
	if err != nil {
		return err
	}
	return c.onto(ctx, d.byLabel[constants.PersistentLabel], filepath.Join(stateOnPersistent, name))
}

func (c LogCopy) onto(ctx context.Context, device, folder string) error {
	if device == "" {
		return errors.New("keeping the logs: the file system for them is not there")
	}
	mount := filepath.Join(c.WorkDir, mountLogs)
	if err := os.MkdirAll(mount, 0o700); err != nil {
		return fmt.Errorf("keeping the logs: %w", err)
	}
	err := withMount(ctx, c.Runner, device, mount, "rw", func() error {
		place, err := durable.Open(filepath.Join(mount, folder))
		if err != nil {
			return err
		}
		defer place.Close()
		for name, data := range c.Files {
			if err := place.WriteFile(name, data, userDataMode); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keeping the logs on %s: %w", device, err)
	}
	return nil
}
