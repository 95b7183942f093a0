package reader

import (
	"encoding/json"
	"errors"
	"fmt"
)

// cpuName is the probe's check of the processor's name.
const cpuName = "cpu.family"

// CheckProbe reads the answer of `stylet probe -o json` and fails unless every check passes by
// itself. The processor's name may be worth a warning: QEMU's is no product's.
func CheckProbe(answer []byte) error {
	var report struct {
		Checks []struct {
			Code     string `json:"code"`
			Verdict  string `json:"verdict"`
			Measured string `json:"measured"`
			Override string `json:"override"`
		} `json:"checks"`
	}
	if err := json.Unmarshal(answer, &report); err != nil {
		return fmt.Errorf("reading the probe's answer %.200q: %w", answer, err)
	}
	if len(report.Checks) == 0 {
		return fmt.Errorf("the probe checked nothing: %.200q", answer)
	}
	var errs []error
	for _, c := range report.Checks {
		if c.Override == "" && (c.Verdict == "pass" || c.Verdict == "warn" && c.Code == cpuName) {
			continue
		}
		errs = append(errs, fmt.Errorf("the probe's check %s says %s of %q %s", c.Code, c.Verdict, c.Measured, c.Override))
	}
	return errors.Join(errs...)
}
