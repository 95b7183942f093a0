package hardware

import (
	"slices"
	"strings"
)

// orinCompatible is in the device tree of every board of the Jetson Orin family (AGX, NX, Nano).
const orinCompatible = "nvidia,tegra234"

func checkArchitecture(in subject) Check {
	c := Check{
		Measured: in.facts.Architecture,
	}
	orin := slices.Contains(in.facts.Machine.Compatible, orinCompatible)
	switch {
	case in.facts.Architecture == "amd64":
		c.Verdict, c.Reason = Pass, "amd64 is supported"
	case in.facts.Architecture == "arm64" && orin:
		c.Measured += ", " + orinCompatible
		c.Verdict, c.Reason = Pass, "the board is of the Jetson Orin family"
	case in.facts.Architecture == "arm64":
		board := "a board without a device tree"
		if list := in.facts.Machine.Compatible; len(list) > 0 {
			board = strings.Join(list, " ")
		}
		c.Measured += ", " + board
		c.Verdict = Fail
		c.Reason = "of ARM64, only the Jetson Orin family is supported"
		c.Remedy = "use an amd64 machine or a Jetson Orin; to try this board all the same, override arch.supported in the user-data"
	default:
		c.Verdict = Fail
		c.Reason = "there are no images for this architecture"
		c.Remedy = "use an amd64 machine or a Jetson Orin"
	}
	return c
}
