// Command standin plays what `kairos-agent upgrade --source file:IMAGE` (v2.31.4) does to the files
// of COS_STATE and COS_OEM, in its order, for tests that kill it in the middle. It mounts nothing:
// the loop mount and the hooks inside the new image are the only things left out. The end-to-end
// test compares a system call trace of the real one with its own account.
//
// Like the real one it is not safe to kill: that is the point.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Println(err) // kairos-agent, too, tells its errors on stdout
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 || args[0] != "upgrade" {
		return errors.New("only upgrade is played here")
	}
	flags := flag.NewFlagSet("upgrade", flag.ContinueOnError)
	source := flags.String("source", "", "file:IMAGE")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	image, ok := strings.CutPrefix(*source, "file:")
	if !ok {
		return fmt.Errorf("only file: sources are played here, not %q", *source)
	}
	cmdline, err := os.ReadFile(getenv("STANDIN_CMDLINE", "/proc/cmdline"))
	if err != nil {
		return err
	}
	pause := time.Duration(0)
	if text := os.Getenv("STANDIN_SLOW"); text != "" {
		if pause, err = time.ParseDuration(text); err != nil {
			return err
		}
	}
	dieAfter := 0
	if text := os.Getenv("STANDIN_DIE_AFTER"); text != "" {
		if dieAfter, err = strconv.Atoi(text); err != nil {
			return err
		}
	}
	u := upgrade{
		state:   getenv("STANDIN_STATE", "/run/initramfs/cos-state"),
		oem:     getenv("STANDIN_OEM", "/oem"),
		account: os.Getenv("STANDIN_ACCOUNT"),
		// As kairos-sdk's state.DetectBoot: a word on the command line decides.
		fromPassive: strings.Contains(string(cmdline), "COS_PASSIVE"),
		pause:       pause,
		dieAfter:    dieAfter,
	}
	return u.run(image)
}

func getenv(name, def string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return def
}
