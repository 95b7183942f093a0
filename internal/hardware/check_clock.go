package hardware

import (
	"fmt"
	"time"
)

// A clock before the day on which this program was made is wrong, for certain; one long after it is
// beyond the life of a host. A day's grace is for time zones and build machines.
const (
	clockGrace    = 24 * time.Hour
	clockLifetime = 15 * 365 * 24 * time.Hour
)

func checkClock(in subject) Check {
	clock := in.facts.Clock
	c := Check{Measured: clock.Now.Format("2006-01-02 15:04 MST"), Verdict: Warn}
	set := "set it in the firmware's settings"
	switch {
	case clock.Now.IsZero():
		c.Measured, c.Reason = "unknown", "the time of that machine was not saved with its tree"
		c.Remedy = "run the probe on the host itself"
	case !in.released.IsZero() && clock.Now.Before(in.released.Add(-clockGrace)):
		c.Reason = fmt.Sprintf("it is before this stylet was made (%s): certificates will seem not to be valid yet", in.released.Format("2006-01-02"))
		c.Remedy = set
	case !in.released.IsZero() && clock.Now.After(in.released.Add(clockLifetime)):
		c.Reason = fmt.Sprintf("it is far after this stylet was made (%s): certificates will seem to have ended", in.released.Format("2006-01-02"))
		c.Remedy = set
	case !clock.Hardware:
		c.Measured += ", lost with the power"
		c.Reason = "no hardware clock: after each power cut the time is wrong until a server tells it"
		c.Remedy = "make sure that the host reaches a time server"
	default:
		c.Verdict, c.Reason = Pass, "plausible"
	}
	return c
}
