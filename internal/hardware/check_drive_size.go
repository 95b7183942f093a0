package hardware

// Sizes are decimal, as drives are sold (H4, H6).
const (
	gigabyte     = 1_000_000_000
	driveEnough  = 100 * gigabyte
	driveMinimum = 95 * gigabyte
)

func checkDriveSize(in subject) Check {
	size := in.choice.Drive.Size
	c := Check{
		Measured: decimalGB(size),
	}
	switch {
	case size >= driveEnough:
		c.Verdict, c.Reason = Pass, "enough"
	case size >= driveMinimum:
		c.Verdict = Warn
		c.Reason = "a little less than 100 GB: images and content will be short of room sooner"
		c.Remedy = "use a drive of 100 GB or more when you can"
	default:
		c.Verdict = Fail
		c.Reason = "too small for two system images, recovery and content"
		c.Remedy = "use a drive of 100 GB or more"
	}
	return c
}
