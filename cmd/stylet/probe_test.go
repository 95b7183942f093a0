package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/fault"
)

// runVerb runs one verb as main does, and gives its output and exit code.
func runVerb(t *testing.T, verb *cobra.Command, args ...string) (output string, code int) {
	t.Helper()
	var out bytes.Buffer
	verb.SetArgs(args)
	verb.SetOut(&out)
	verb.SetErr(&out)
	verb.SilenceErrors, verb.SilenceUsage = true, true
	err := verb.ExecuteContext(t.Context())
	return out.String(), fault.ExitCodeOf(err)
}

// machineRoot makes the little that a probe needs: a machine that meets every requirement, but for
// its CPU, which is given.
func machineRoot(t *testing.T, cpu string) string {
	t.Helper()
	root := t.TempDir()
	for name, data := range map[string]string{
		"proc/sys/kernel/arch":               "x86_64\n",
		"proc/cmdline":                       "root=live:CDLABEL=COS_LIVE\n",
		"proc/cpuinfo":                       "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: " + cpu + "\n\nprocessor\t: 1\nvendor_id\t: GenuineIntel\nmodel name\t: " + cpu + "\n\n",
		"proc/meminfo":                       "MemTotal: 16275952 kB\n",
		"proc/self/mounts":                   "none / tmpfs rw 0 0\n",
		"sys/class/dmi/id/sys_vendor":        "Maker\n",
		"sys/class/dmi/id/product_name":      "Box\n",
		"sys/block/nvme0n1/size":             "976773168\n",
		"sys/block/nvme0n1/queue/rotational": "0\n",

		"sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c": "\x06\x00\x00\x00\x01",
		"sys/class/tpm/tpm0/tpm_version_major":                                     "2\n",
		"sys/class/watchdog/watchdog0/identity":                                    "iTCO_wdt\n",
		"sys/class/rtc/rtc0/since_epoch":                                           "1795000000\n",
	} {
		path := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(data), 0o644))
	}
	return root
}

func userData(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "user-data.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	return path
}

func TestProbeAnswersByItsExitCode(t *testing.T) {
	t.Parallel()
	good := machineRoot(t, "Intel(R) Core(TM) i5-8259U CPU @ 2.30GHz")
	out, code := runVerb(t, newProbeCommand(), "--root", good)
	assert.Equal(t, fault.ExitOK, code, out)
	assert.Regexp(t, `^PASS: this machine meets every requirement\n`, out)

	slow := machineRoot(t, "QEMU Virtual CPU version 2.5+")
	out, code = runVerb(t, newProbeCommand(), "--root", slow)
	assert.Equal(t, fault.ExitWarn, code)
	assert.Regexp(t, `^WARN: .*cpu\.family`, out)

	missing := userData(t, "#cloud-config\nstylet: {install: {device: /dev/disk/by-id/gone}}\n")
	out, code = runVerb(t, newProbeCommand(), "--root", good, "--user-data", missing, "-o", "json")
	assert.Equal(t, fault.ExitNotFine, code)
	var report struct {
		SchemaVersion int
		Verdict       string
		MainDrive     struct{ Reason string }
	}
	require.NoError(t, json.Unmarshal([]byte(out), &report))
	assert.Equal(t, 1, report.SchemaVersion)
	assert.Equal(t, "fail", report.Verdict)
	assert.Equal(t, "no drive answers to /dev/disk/by-id/gone", report.MainDrive.Reason)
}

func TestProbeRefusesWrongInput(t *testing.T) {
	t.Parallel()
	root := machineRoot(t, "x")
	_, code := runVerb(t, newProbeCommand(), "--root", t.TempDir())
	assert.Equal(t, fault.ExitInput, code, "no machine")
	_, code = runVerb(t, newProbeCommand(), "--root", root, "--user-data", userData(t, "#cloud-config\nstylet: {x: 1}\n"))
	assert.Equal(t, fault.ExitInput, code, "wrong user-data")
	probe := newProbeCommand()
	require.ErrorContains(t, probe.ParseFlags([]string{"-o", "xml"}), "use table or json")
}
