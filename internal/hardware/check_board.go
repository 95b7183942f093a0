package hardware

import "strings"

func checkBoard(in subject) Check {
	m := in.facts.Machine
	name := strings.TrimSpace(m.Vendor + " " + m.Product)
	if name == "" && len(m.Compatible) > 0 {
		name = m.Compatible[0]
	}
	if name == "" {
		return Check{
			Measured: "unknown", Verdict: Warn,
			Reason: "the firmware does not name the board: what depends on its model or serial number will not work",
			Remedy: "run the probe on the host itself, not in a container; look for a firmware update",
		}
	}
	return Check{Measured: name, Verdict: Pass, Reason: "the firmware names it"}
}
