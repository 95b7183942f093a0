package hardware

import "strings"

func checkTPM(in subject) Check {
	tpm := in.facts.TPM
	c := Check{Measured: "none", Verdict: Warn, Remedy: "switch it on in the firmware's settings (often called PTT or fTPM), if the machine has one"}
	switch {
	case tpm == nil:
		c.Reason = "the host's key will be a file: whoever copies the drive has it"
	case strings.HasPrefix(tpm.Version, "2."):
		c = Check{Verdict: Pass, Reason: "the host's key can stay in it"}
	case tpm.Version == "":
		c.Reason, c.Remedy = "the kernel does not say which version it is", "look for TPM 2.0 in the machine's data sheet"
	default:
		c.Reason = "too old: stylet uses TPM 2.0 alone"
		c.Remedy = "switch it to 2.0 in the firmware's settings, if that is offered"
	}
	if tpm != nil {
		c.Measured = strings.TrimSpace("TPM " + strings.TrimSpace(tpm.Version+" "+tpm.Manufacturer))
	}
	return c
}
