package hardware

// Sizes are decimal, as drives are sold (H4, H6).
const (
	driveEnough  = 100_000_000_000
	driveMinimum = 95_000_000_000
)

func checkDriveSize(in subject) Check {
	size := in.choice.Drive.Size
	c := Check{
		Title:       "drive size",
		Measured:    decimalGB(size),
		Requirement: "at least 100 GB (decimal); 95 to 100 GB warns",
		Source:      "H4, H6",
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
