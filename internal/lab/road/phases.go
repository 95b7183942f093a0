package road

import (
	"time"

	"github.com/stylet-edge/stylet/internal/lab/phase"
)

// ToHealthy is the road to the first healthy profile: what the demo shows.
func (r *Road) ToHealthy() []phase.Phase {
	return []phase.Phase{
		{Name: "install", Shows: "the ISO boots, the probe passes, a blank disk is installed unattended", Expected: 7 * time.Minute, Run: r.install},
		{Name: "first-boot", Shows: "the installed system boots from its disk and waits for a profile", Expected: 150 * time.Second, Run: r.firstBoot},
		{Name: "v1", Shows: "the profile's image is composed on the host, switched to, proved, committed", Expected: 10 * time.Minute, Run: r.v1},
	}
}

// Whole is the whole road of the end-to-end test.
func (r *Road) Whole() []phase.Phase {
	return append(r.ToHealthy(), []phase.Phase{
		{Name: "v2", Shows: "a small change over the same OS layer is upgraded to; only the change is downloaded", Expected: 11 * time.Minute, Run: r.v2},
		{Name: "v3", Shows: "a service that never becomes healthy: back by itself, and refused", Expected: 14 * time.Minute, Run: r.v3},
		{Name: "v3-cycle", Shows: "a power cycle after going back stays on the good image", Expected: 3 * time.Minute, Run: r.cycle("v3-cycle", "2.0.0")},
		{Name: "v4", Shows: "a kernel panic: three tries, back, and refused", Expected: 15 * time.Minute, Run: r.v4},
		{Name: "v4-cycle", Shows: "a power cycle after going back stays on the good image", Expected: 3 * time.Minute, Run: r.cycle("v4-cycle", "2.0.0")},
		{Name: "hang", Shows: "a hang before user space: the watchdog ends it, back, and refused", Expected: 18 * time.Minute, Run: r.hang},
		{Name: "hang-cycle", Shows: "a power cycle after going back stays on the good image", Expected: 3 * time.Minute, Run: r.cycle("hang-cycle", "2.0.0")},
		{Name: "v5", Shows: "a good profile is taken again; a power cut in its trial does not refuse it", Expected: 14 * time.Minute, Run: r.v5},
		{Name: "data", Shows: "data on the persistent partition went through all of this", Expected: time.Minute, Run: r.data},
		{Name: "too-big", Shows: "an image too big for the state partition is refused before any download", Expected: 2 * time.Minute, Run: r.tooBig},
		{Name: "reinstall", Shows: "a second install on the installed disk is refused and changes nothing", Expected: 3 * time.Minute, Run: r.reinstall},
	}...)
}
