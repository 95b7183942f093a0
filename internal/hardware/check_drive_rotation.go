package hardware

func checkDriveRotation(in subject) Check {
	c := Check{
		Measured: string(in.choice.Drive.Rotation),
	}
	if transport := in.choice.Drive.Transport; transport != "" {
		c.Measured += " (" + transport + ")"
	}
	switch rotation := in.choice.Drive.Rotation; {
	case in.choice.Drive.Transport == "mmc":
		c.Verdict = Warn
		c.Reason = "eMMC is slow, and wears out sooner than an SSD"
		c.Remedy = "use an SSD as the main drive if the machine takes one"
	case rotation == SolidState:
		c.Verdict, c.Reason = Pass, "it does not turn"
	case rotation == RotationUnknown:
		c.Verdict = Warn
		c.Reason = "the kernel does not say whether the drive turns"
		c.Remedy = "look at the drive: it must be an SSD"
	case in.facts.Virtualization.Virtual:
		c.Verdict = Warn
		c.Reason = "a virtual drive that says it turns; hypervisors say so by default"
		c.Remedy = "put it on solid-state storage and say so (QEMU: rotation_rate=1)"
	default:
		c.Verdict = Fail
		c.Reason = "a turning drive is too slow for the Kubernetes datastore"
		c.Remedy = "use an SSD, or name one in stylet.install.device"
	}
	return c
}
