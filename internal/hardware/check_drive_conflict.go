package hardware

import "strings"

// checkDriveConflict looks for installations on the other drives: everything is found by label at
// boot, and with two of each nobody knows which one is taken.
func checkDriveConflict(in subject) Check {
	c := Check{
		Measured: "no installation",
		Verdict:  Pass,
		Reason:   "labels will be unique",
	}
	var found []string
	for _, d := range in.facts.Drives {
		if labels := d.InstallationLabels(); len(labels) > 0 && d.Name != in.choice.Drive.Name && d.Name != in.facts.Boot.Medium {
			found = append(found, d.Device()+" ("+strings.Join(labels, ", ")+")")
		}
	}
	if len(found) > 0 {
		c.Measured = strings.Join(found, ", ")
		c.Verdict = Fail
		c.Reason = "another drive holds an installation; the boot could take its partitions"
		c.Remedy = "disconnect or wipe that drive, or name it in stylet.install.device if it is the one you mean"
	}
	return c
}
