package hardware

import "strings"

// checkDriveOccupied keeps an installation from being overwritten by a boot from the wrong medium.
func checkDriveOccupied(in subject) Check {
	labels := in.choice.Drive.InstallationLabels()
	c := Check{
		Measured: "no installation",
		Verdict:  Pass,
		Reason:   "nothing of ours would be lost",
	}
	if len(labels) == 0 {
		return c
	}
	c.Measured = "installation (" + strings.Join(labels, ", ") + ")"
	switch {
	case !in.facts.Boot.Live && in.choice.Drive.Name == in.facts.Boot.System:
		c.Reason = "this host runs from it"
	case in.choice.Drive.Unfinished:
		c.Measured += ", never finished"
		c.Reason = "stylet itself began it, was cut off before its end, and nothing was put there since; it is done anew"
	case in.site.Install.Force:
		c.Verdict = Warn
		c.Reason = "the drive holds an installation, and stylet.install.force permits overwriting it"
		c.Remedy = "remove stylet.install.force after the installation"
	default:
		c.Verdict = Fail
		c.Reason = "the drive holds an installation; it is not overwritten unasked"
		c.Remedy = "remove the installer medium to boot it, or set stylet.install.force: true to lose it"
	}
	return c
}
