package hardware

import (
	"fmt"
	"slices"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// The codes of the checks. They are stable: sites name them in stylet.probe.overrides.
const (
	CodeArchitecture   = "arch.supported"
	CodeVirtualization = "virtualization.kind"
	CodeCPUFamily      = "cpu.family"
	CodeCPUCores       = "cpu.cores"
	CodeMemory         = "memory.minimum"
	CodeDriveChoice    = "drive.choice"
	CodeDriveSize      = "drive.size"
	CodeDriveRotation  = "drive.rotational"
	CodeDriveOccupied  = "drive.occupied"
	CodeDriveConflict  = "drive.conflict"
	CodeOverrides      = "probe.overrides"
)

// subject is what the probes look at.
type subject struct {
	facts  Facts
	site   v1alpha1.Site
	choice Choice
	// choiceRemedy is what to do if no drive could be chosen.
	choiceRemedy string
}

// probe is one rule. It fills in everything but Code.
type probe struct {
	code  string
	check func(subject) Check
	// needsDrive leaves the probe out when no main drive could be chosen; drive.choice has failed then.
	needsDrive bool
	// minimum marks the AMD64 minimums H1 to H4, which only warn on ARM64 (H5).
	minimum bool
	// instead names another key where an override would be wrong or useless.
	instead string
}

// probes are all rules, in the order of the report.
func probes() []probe {
	return []probe{
		{code: CodeArchitecture, check: checkArchitecture},
		{code: CodeVirtualization, check: checkVirtualization},
		{code: CodeCPUFamily, check: checkCPUFamily, minimum: true},
		{code: CodeCPUCores, check: checkCPUCores, minimum: true},
		{code: CodeMemory, check: checkMemory, minimum: true},
		{code: CodeDriveChoice, check: checkDriveChoice, instead: "stylet.install.device"},
		{code: CodeDriveSize, check: checkDriveSize, needsDrive: true, minimum: true},
		{code: CodeDriveRotation, check: checkDriveRotation, needsDrive: true, minimum: true},
		{code: CodeDriveOccupied, check: checkDriveOccupied, needsDrive: true, instead: "stylet.install.force"},
		{code: CodeDriveConflict, check: checkDriveConflict, needsDrive: true},
		{code: CodeOverrides, check: checkOverrides},
	}
}

// Judge holds the facts against the minimum and the site's settings. It is pure.
func Judge(facts Facts, site v1alpha1.Site) Report {
	in := subject{facts: facts, site: site}
	in.choice, in.choiceRemedy = choose(facts, site.Install)
	report := Report{MainDrive: in.choice, Facts: facts}
	for _, p := range probes() {
		if p.needsDrive && in.choice.Drive == nil {
			continue
		}
		check := p.check(in)
		check.Code = p.code
		if p.minimum {
			check = softenOnARM(check, facts.Architecture)
		}
		if p.instead == "" {
			check = override(check, site.Probe.Overrides)
		}
		report.Checks = append(report.Checks, check)
	}
	return report
}

// softenOnARM follows H5: H1 to H4 are AMD64 rules and warn elsewhere (a Jetson AGX has 64 GB of eMMC).
func softenOnARM(c Check, architecture string) Check {
	if architecture == "arm64" && c.Verdict == Fail {
		c.Verdict = Warn
		c.Source += ", H5"
		c.Reason += "; on ARM64 this minimum only warns"
	}
	return c
}

// override turns a failure into a warning that carries the site's reason.
func override(c Check, overrides []v1alpha1.ProbeOverride) Check {
	i := slices.IndexFunc(overrides, func(o v1alpha1.ProbeOverride) bool { return o.Check == c.Code })
	if i < 0 || c.Verdict != Fail {
		return c
	}
	c.Verdict = Warn
	c.Override = overrides[i].Reason
	return c
}

// decimalGB gives a size as drives are sold.
func decimalGB(bytes int64) string { return fmt.Sprintf("%.1f GB", float64(bytes)/1e9) }

// binaryGiB gives a size as memory is counted.
func binaryGiB(bytes int64) string { return fmt.Sprintf("%.2f GiB", float64(bytes)/(1<<30)) }
