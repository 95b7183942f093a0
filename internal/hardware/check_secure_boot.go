package hardware

func checkSecureBoot(in subject) Check {
	f := in.facts.Firmware
	if f.Mode != UEFI {
		c := Check{
			Measured: "none (" + string(f.Mode) + ")", Verdict: Warn,
			Reason: "nothing checks the signature of what boots: whoever has the drive in hand can change it",
			Remedy: "switch the firmware to UEFI, without its compatibility module (CSM), if it can",
		}
		if f.Mode == DeviceTree {
			c.Remedy = "see the board maker's manual: on a Jetson, Secure Boot is a matter of fuses"
		}
		return c
	}
	c := Check{Measured: string(f.SecureBoot), Verdict: Warn, Remedy: "switch it on in the firmware's settings, if the images of the site are signed"}
	switch f.SecureBoot {
	case SecureBootOn:
		return Check{Measured: "on", Verdict: Pass, Reason: "the firmware checks what it starts"}
	case SecureBootOff:
		c.Reason = "the firmware starts anything: whoever has the drive in hand can change what boots"
	case SecureBootSetup:
		c.Measured, c.Reason = "off (setup mode)", "the firmware starts anything, and lets anybody enrol keys"
	case SecureBootUnknown:
		c.Reason = "the firmware's variables cannot be read"
		c.Remedy = "mount efivarfs at /sys/firmware/efi/efivars"
	}
	return c
}
