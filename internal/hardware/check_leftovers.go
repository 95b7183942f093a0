package hardware

import "strings"

// checkLeftovers tells of arrays and pools. On the main drive they are lost, and with them what the
// other drives of the array hold; elsewhere they are found by whoever looks for room (Ceph, LVM).
func checkLeftovers(in subject) Check {
	var main, others []string
	for _, d := range in.facts.Drives {
		if in.choice.Drive != nil && d.Name == in.choice.Drive.Name {
			main = d.Leftovers()
		} else {
			others = append(others, d.Leftovers()...)
		}
	}
	c := Check{Measured: strings.Join(append(append([]string{}, main...), others...), ", "), Verdict: Warn}
	switch {
	case len(main)+len(others) == 0:
		return Check{Measured: "none", Verdict: Pass, Reason: "no drive is part of an array or a pool"}
	case len(main) > 0 && in.facts.Boot.Live:
		c.Reason = "the main drive is part of an array or a pool: an installation destroys that part"
		c.Remedy = "save what is in it, or name another drive in stylet.install.device"
	default:
		c.Reason = "storage software of the profile may take it over, or refuse the drive because of it"
		c.Remedy = "wipe the drive if nothing on it is wanted: wipefs --all on its partitions, then on the drive"
	}
	return c
}
