package hardware

import (
	"fmt"
	"slices"
	"time"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// subject is what the probes look at.
type subject struct {
	facts  Facts
	site   v1alpha1.Site
	choice Choice
	// choiceRemedy is what to do if no drive could be chosen.
	choiceRemedy string
	released     time.Time
}

// probe measures one requirement: it says what it found, and its verdict.
type probe func(subject) Check

// probes has one for each requirement.
func probes() map[string]probe {
	return map[string]probe{
		CodeArchitecture:   checkArchitecture,
		CodeBoard:          checkBoard,
		CodeVirtualization: checkVirtualization,
		CodeCPUFamily:      checkCPUFamily,
		CodeCPUCores:       checkCPUCores,
		CodeMemory:         checkMemory,
		CodeDriveChoice:    checkDriveChoice,
		CodeDriveSize:      ofMainDrive(checkDriveSize),
		CodeDriveRotation:  ofMainDrive(checkDriveRotation),
		CodeDriveOccupied:  ofMainDrive(checkDriveOccupied),
		CodeDriveConflict:  ofMainDrive(checkDriveConflict),
		CodeDriveLeftovers: checkLeftovers,
		CodeSecureBoot:     checkSecureBoot,
		CodeTPM:            checkTPM,
		CodeWatchdog:       checkWatchdog,
		CodeClock:          checkClock,
		CodeOverrides:      checkOverrides,
	}
}

// ofMainDrive leaves a check out (it has no verdict) when no main drive could be chosen:
// drive.choice has failed then.
func ofMainDrive(check probe) probe {
	return func(in subject) Check {
		if in.choice.Drive == nil {
			return Check{}
		}
		return check(in)
	}
}

// Judge holds the facts against the requirements and the site's settings. It is pure: released is
// when this stylet was made, zero if that is not known.
func Judge(facts Facts, site v1alpha1.Site, released time.Time) Report {
	in := subject{facts: facts, site: site, released: released}
	in.choice, in.choiceRemedy = choose(facts, site.Install)
	report := Report{MainDrive: in.choice, Facts: facts}
	for _, r := range Requirements() {
		check := probes()[r.Code](in)
		if check.Verdict == "" {
			continue
		}
		check.Code, check.Title, check.Requirement, check.Source = r.Code, r.Title, r.Text, r.Source
		if r.Minimum {
			check = softenOnOrin(check, facts)
		}
		if r.Instead == "" {
			check = override(check, site.Probe.Overrides)
		}
		report.Checks = append(report.Checks, check)
	}
	return report
}

// softenOnOrin follows H5: H3 and H4 are AMD64 rules and warn on a Jetson Orin (an AGX has 64 GB of
// eMMC).
func softenOnOrin(c Check, facts Facts) Check {
	if slices.Contains(facts.Machine.Compatible, orinCompatible) && c.Verdict == Fail {
		c.Verdict = Warn
		c.Source += ", H5"
		c.Reason += "; on a Jetson Orin this minimum only warns"
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
