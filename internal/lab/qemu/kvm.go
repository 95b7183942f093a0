package qemu

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"time"
)

// kvmTrial is how long the trial guest gets. With a working KVM the kernel speaks after four.
const kvmTrial = 10 * time.Second

var kernelSpeaks = regexp.MustCompile(`Linux version \d`)

// ProbeKVM gives KVM if a guest really boots with it here, else TCG and the reason. The device
// file says little: nested machines have it and hang at the first instruction.
//
// The trial boots config's CD until the kernel speaks, on a copy of the firmware's variables and
// without the disk and the network.
func ProbeKVM(ctx context.Context, config Config) (Accelerator, string) {
	if f, err := os.OpenFile("/dev/kvm", os.O_RDWR, 0); err != nil {
		return TCG, err.Error()
	} else if err := f.Close(); err != nil {
		return TCG, err.Error()
	}
	ctx, cancel := context.WithTimeoutCause(ctx, kvmTrial, fmt.Errorf("the trial guest did not boot within %s", kvmTrial))
	defer cancel()
	if err := tryKVM(ctx, config); err != nil {
		return TCG, err.Error()
	}
	return KVM, "the trial guest booted"
}

func tryKVM(ctx context.Context, config Config) error {
	vars, err := os.CreateTemp("", "stylet-kvm-vars-")
	if err != nil {
		return fmt.Errorf("making the trial guest's variables: %w", err)
	}
	vars.Close()
	defer os.Remove(vars.Name())
	if err := FreshVars(vars.Name()); err != nil {
		return err
	}
	config.Accelerator, config.Vars = KVM, vars.Name()
	config.Disk, config.Relay, config.CDFirst = "", "", true
	boot, err := Start(ctx, config, nil)
	if err != nil {
		return err
	}
	defer boot.Cut()
	_, err = boot.Console.WaitFor(ctx, 0, kernelSpeaks)
	return err
}
