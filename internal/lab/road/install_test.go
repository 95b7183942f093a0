package road

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/hardware"
	"github.com/stylet-edge/stylet/internal/lab/qemu"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// onConsole is a program's output as systemd passes it on to the console (journal+console), with what
// else is said there around it.
func onConsole(output string) string {
	var b strings.Builder
	b.WriteString("[  OK  ] Started stylet-install.service\n")
	for line := range strings.Lines(output) {
		fmt.Fprintf(&b, "Password: [  219.608641] stylet[636]: %s\r\n", strings.TrimRight(line, "\n"))
	}
	b.WriteString("[FAILED] Failed to start stylet-install.service\n")
	return b.String()
}

// saidFor is what the installer says when the probe has judged a drive: its table, and the error as
// cmd/stylet prints it.
func saidFor(t *testing.T, change func(*hardware.Facts)) string {
	t.Helper()
	facts := hardware.Facts{
		Architecture: "amd64", CPU: hardware.CPU{Model: "Intel(R) Core(TM) i7", Cores: 4, Threads: 8},
		Memory: hardware.Memory{Usable: 16 << 30}, Virtualization: hardware.Virtualization{Kind: "none"},
		Boot: hardware.Boot{Live: true},
		Drives: []hardware.Drive{{
			Name: "sda", Path: "/dev/sda", Size: 120e9, Rotation: hardware.SolidState, Transport: "scsi",
			Labels: []string{"COS_OEM", "COS_STATE", "COS_RECOVERY", "COS_PERSISTENT"},
		}},
	}
	change(&facts)
	report := hardware.Judge(facts, v1alpha1.Site{}, time.Time{})
	var table strings.Builder
	require.NoError(t, report.WriteTable(&table))
	refusal := report.Refusal()
	require.Error(t, refusal)
	return onConsole(table.String() + "stylet: " + fault.Text(refusal) + "\n")
}

// heard gives a console that has said a text, and went off.
func heard(text string) *qemu.Console {
	console := qemu.NewConsole(time.Now(), nil)
	_, _ = console.Write([]byte(text))
	console.Close()
	return console
}

// Requirement: A8
func TestTheRefusalOfAnInstalledDiskIsHeard(t *testing.T) {
	said := saidFor(t, func(*hardware.Facts) {})
	words, err := awaitRefusal(t.Context(), heard(said), time.Minute)
	require.NoError(t, err)
	require.Contains(t, words, "stylet: the probe refuses this machine: drive content (installation (COS_STATE, COS_OEM, COS_RECOVERY, COS_PERSISTENT))")
	require.True(t, strings.HasSuffix(words, "[drive.occupied]"), words)
}

func TestNoOtherEndIsTakenForTheRefusal(t *testing.T) {
	for what, said := range map[string]string{
		"another refusal":   saidFor(t, func(f *hardware.Facts) { f.CPU.Cores, f.Drives[0].Labels = 1, nil }),
		"a failure":         onConsole("stylet: " + fault.Text(fault.New(fault.Retry, "install.kairos-failed", "look", "installing")) + "\n"),
		"a remedy about it": onConsole("  what to do: see [drive.occupied]\n"),
		"success":           onConsole("stylet-install   90s  installed on /dev/sda\n"),
	} {
		_, err := awaitRefusal(t.Context(), heard(said), time.Minute)
		require.ErrorIs(t, err, qemu.ErrConsoleClosed, what)
	}
}

func TestAMissingRefusalQuotesTheInstaller(t *testing.T) {
	console := qemu.NewConsole(time.Now(), nil)
	_, err := console.Write([]byte(onConsole("stylet-install    0s  WARN: an old line\n" +
		strings.Repeat("stylet-install   90s  installing on /dev/sda\n", 15))))
	require.NoError(t, err)
	_, err = awaitRefusal(t.Context(), console, 10*time.Millisecond) // the machine goes on, and says nothing of the kind
	require.ErrorContains(t, err, "not seen within 10ms")
	require.ErrorContains(t, err, "stylet[636]: stylet-install   90s  installing on /dev/sda")
	require.NotContains(t, err.Error(), "an old line")
	require.NotContains(t, err.Error(), "Failed to start")

	_, err = awaitRefusal(t.Context(), heard(""), time.Minute)
	require.ErrorContains(t, err, "it said nothing")
}
