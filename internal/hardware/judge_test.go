package hardware

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

func overriding(codes ...string) v1alpha1.Site {
	var site v1alpha1.Site
	for _, code := range codes {
		site.Probe.Overrides = append(site.Probe.Overrides, v1alpha1.ProbeOverride{Check: code, Reason: "on purpose"})
	}
	return site
}

// Requirement: H6
func TestAnOverrideTurnsAFailureIntoARecordedWarning(t *testing.T) {
	t.Parallel()
	facts := bench()
	facts.CPU = CPU{Model: "QEMU Virtual CPU", Cores: 1, Threads: 1}

	c := find(t, Judge(facts, v1alpha1.Site{}, made), CodeCPUCores)
	assert.Equal(t, Fail, c.Verdict)
	assert.Empty(t, c.Override)

	c = find(t, Judge(facts, overriding(CodeCPUCores), made), CodeCPUCores)
	assert.Equal(t, Warn, c.Verdict)
	assert.Equal(t, "on purpose", c.Override)

	// Warnings and passes need none: nothing is recorded as overridden that was not.
	c = find(t, Judge(facts, overriding(CodeCPUFamily), made), CodeCPUFamily)
	assert.Equal(t, Warn, c.Verdict)
	assert.Empty(t, c.Override)
}

func TestTheLastDriveIsNotOverwrittenByAnOverride(t *testing.T) {
	t.Parallel()
	facts := bench()
	facts.Drives[0].Labels = []string{"COS_OEM"}
	for _, site := range []v1alpha1.Site{{}, overriding(CodeDriveOccupied)} {
		assert.Equal(t, Fail, find(t, Judge(facts, site, made), CodeDriveOccupied).Verdict)
	}
	forced := v1alpha1.Site{Install: v1alpha1.Install{Force: true}}
	assert.Equal(t, Warn, find(t, Judge(facts, forced, made), CodeDriveOccupied).Verdict)

	// Force is about the chosen drive, not about the others.
	facts.Drives[0].Labels = nil
	facts.Drives[1].Labels = []string{"COS_STATE"}
	assert.Equal(t, Fail, find(t, Judge(facts, forced, made), CodeDriveConflict).Verdict)
	assert.Equal(t, Warn, find(t, Judge(facts, overriding(CodeDriveConflict), made), CodeDriveConflict).Verdict)

	// A stick with an installation that is also the boot medium is no conflict.
	facts.Drives[1].Labels = nil
	facts.Drives[2].Labels = []string{"COS_RECOVERY"}
	assert.Equal(t, Pass, find(t, Judge(facts, forced, made), CodeDriveConflict).Verdict)
}

// Requirement: H2, H3, H4, H6
func TestTheLimits(t *testing.T) {
	t.Parallel()
	cases := []struct {
		code   string
		change func(*Facts)
		want   Verdict
	}{
		{CodeCPUCores, func(f *Facts) { f.CPU.Cores = 2 }, Pass},
		{CodeCPUCores, func(f *Facts) { f.CPU.Cores = 1 }, Fail},
		{CodeCPUCores, func(f *Facts) { f.CPU.Cores = 0 }, Warn},
		{CodeMemory, func(f *Facts) { f.Memory.Usable = 8 << 30 }, Pass},
		{CodeMemory, func(f *Facts) { f.Memory.Usable = 7 << 30 }, Pass},
		{CodeMemory, func(f *Facts) { f.Memory.Usable = 7<<30 - 1 }, Fail},
		{CodeMemory, func(f *Facts) { f.Memory.Usable = 0 }, Warn},
		{CodeDriveSize, func(f *Facts) { f.Drives[0].Size = 100_000_000_000 }, Pass},
		{CodeDriveSize, func(f *Facts) { f.Drives[0].Size = 99_999_999_999 }, Warn},
		{CodeDriveSize, func(f *Facts) { f.Drives[0].Size = 95_000_000_000 }, Warn},
		{CodeDriveSize, func(f *Facts) { f.Drives[0].Size = 94_999_999_999 }, Fail},
		{CodeDriveRotation, func(f *Facts) { f.Drives[0].Rotation = Rotational; f.Drives = f.Drives[:1] }, Fail},
		{CodeDriveRotation, func(f *Facts) { f.Drives[0].Rotation = RotationUnknown; f.Drives = f.Drives[:1] }, Warn},
		{CodeDriveRotation, func(f *Facts) { f.Drives[0].Transport = "mmc" }, Warn},
		{CodeArchitecture, func(f *Facts) { f.Architecture = "riscv64" }, Fail},
		{CodeBoard, func(f *Facts) { f.Machine = Machine{} }, Warn},
		{CodeBoard, func(f *Facts) { f.Machine = Machine{Compatible: []string{"nvidia,p3701-0000"}} }, Pass},
		{CodeSecureBoot, func(f *Facts) { f.Firmware = Firmware{Mode: UEFI, SecureBoot: SecureBootOn} }, Pass},
		{CodeSecureBoot, func(f *Facts) { f.Firmware = Firmware{Mode: UEFI, SecureBoot: SecureBootOff} }, Warn},
		{CodeSecureBoot, func(f *Facts) { f.Firmware = Firmware{Mode: UEFI, SecureBoot: SecureBootSetup} }, Warn},
		{CodeSecureBoot, func(f *Facts) { f.Firmware = Firmware{Mode: UEFI, SecureBoot: SecureBootUnknown} }, Warn},
		{CodeSecureBoot, func(f *Facts) { f.Firmware = Firmware{Mode: BIOS} }, Warn},
		{CodeTPM, func(f *Facts) { f.TPM = nil }, Warn},
		{CodeTPM, func(f *Facts) { f.TPM = &TPM{Version: "1.2"} }, Warn},
		{CodeTPM, func(f *Facts) { f.TPM = &TPM{Manufacturer: "IFX"} }, Warn},
		{CodeTPM, func(f *Facts) { f.TPM = &TPM{Version: "2.0"} }, Pass},
		{CodeWatchdog, func(f *Facts) { f.Watchdogs = nil }, Warn},
		{CodeClock, func(f *Facts) { f.Clock.Now = made.Add(-clockGrace) }, Pass},
		{CodeClock, func(f *Facts) { f.Clock.Now = made.Add(-clockGrace - time.Second) }, Warn},
		{CodeClock, func(f *Facts) { f.Clock.Now = made.Add(clockLifetime) }, Pass},
		{CodeClock, func(f *Facts) { f.Clock.Now = made.Add(clockLifetime + time.Second) }, Warn},
		{CodeClock, func(f *Facts) { f.Clock = Clock{Hardware: true} }, Warn},
		{CodeClock, func(f *Facts) { f.Clock.Hardware = false }, Warn},
		{CodeDriveLeftovers, func(f *Facts) { f.Drives[0].Type = "LVM2_member" }, Warn},
		{CodeDriveLeftovers, func(f *Facts) { f.Drives[1].Partitions = []Partition{{Name: "d1", Type: "linux_raid_member"}} }, Warn},
		{CodeDriveLeftovers, func(f *Facts) { f.Drives[0].Type = "ext4" }, Pass},
	}
	for _, c := range cases {
		facts := bench()
		c.change(&facts)
		check := find(t, Judge(facts, v1alpha1.Site{}, made), c.code)
		assert.Equal(t, c.want, check.Verdict, "%s: %s", c.code, check.Measured)
		assert.NotEmpty(t, check.Reason)
		assert.NotEmpty(t, check.Measured)
		assert.Equal(t, c.want != Pass, check.Remedy != "", "%s: a remedy for what did not pass, and only for that", c.code)
	}
}

func TestEveryCheckSaysAllItShould(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, c := range Judge(bench(), v1alpha1.Site{}, made).Checks {
		assert.False(t, seen[c.Code], c.Code)
		seen[c.Code] = true
		for _, text := range []string{c.Title, c.Measured, c.Requirement, c.Source, string(c.Verdict), c.Reason} {
			assert.NotEmpty(t, text, c.Code)
		}
	}
	for _, r := range Requirements() {
		assert.True(t, seen[r.Code], r.Code)
	}
}

func TestTheVerdictIsTheWorst(t *testing.T) {
	t.Parallel()
	of := func(verdicts ...Verdict) Report {
		var r Report
		for _, v := range verdicts {
			r.Checks = append(r.Checks, Check{Verdict: v})
		}
		return r
	}
	assert.Equal(t, Pass, of(Pass, Pass).Verdict())
	assert.Equal(t, Warn, of(Pass, Warn, Pass).Verdict())
	assert.Equal(t, Fail, of(Warn, Fail, Warn).Verdict())
	assert.Len(t, of(Warn, Fail, Warn).Warnings(), 2)
	assert.Len(t, of(Warn, Fail, Warn).Failures(), 1)

	data, err := json.Marshal(of(Warn))
	require.NoError(t, err)
	assert.Contains(t, string(data), `"schemaVersion":1,"verdict":"warn"`)
}

func TestARefusalNamesEveryFailure(t *testing.T) {
	t.Parallel()
	facts := bench()
	require.NoError(t, Report{Checks: []Check{{Verdict: Warn}, {Verdict: Pass}}}.Refusal())
	facts.CPU.Cores = 1
	facts.Drives[0].Labels = []string{"COS_STATE"}
	err := Judge(facts, v1alpha1.Site{}, made).Refusal()
	assert.Equal(t, fault.Refused, fault.KindOf(err))
	assert.Equal(t, CodeCPUCores, fault.CodeOf(err))
	require.ErrorContains(t, err, "fewer than 2 cores")
	require.ErrorContains(t, err, "the drive holds an installation")
}

// A machine whose power went during the installation installs itself again, without a visit.
//
// Requirement: U1
func TestAnUnfinishedInstallationIsDoneAnew(t *testing.T) {
	t.Parallel()
	facts := bench()
	facts.Drives[0].Labels = []string{"COS_OEM", "COS_STATE"}
	facts.Drives[0].Unfinished = true
	c := find(t, Judge(facts, v1alpha1.Site{}, made), CodeDriveOccupied)
	assert.Equal(t, Pass, c.Verdict)
	assert.Contains(t, c.Measured, "never finished")
}
