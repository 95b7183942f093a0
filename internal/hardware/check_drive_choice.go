package hardware

func checkDriveChoice(in subject) Check {
	c := Check{
		Measured: "none",
		Reason:   in.choice.Reason,
	}
	if in.choice.Drive == nil {
		c.Verdict = Fail
		c.Remedy = in.choiceRemedy
		return c
	}
	c.Measured = in.choice.Drive.Device()
	c.Verdict = Pass
	return c
}
