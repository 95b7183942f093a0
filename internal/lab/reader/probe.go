package reader

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// probeLine is a line of the probe's table, as the installer prints it on the console.
var probeLine = regexp.MustCompile(`(?m)stylet\[\d+\]:.*\s(PASS|WARN|FAIL)\s{2,}(\S.*?)\s{2,}(\S.*)$`)

// mayWarn are the checks that are worth a warning on QEMU's machine: its processor is no product, its
// firmware enrols no keys, and it has no TPM.
func mayWarn() []string { return []string{"CPU", "Secure Boot", "TPM"} }

// CheckProbe reads the probe's table from the console of the live system, and fails unless every
// check passes by itself, but for warnings of what QEMU's machine really has not.
func CheckProbe(said string) error {
	rows := probeLine.FindAllStringSubmatch(said, -1)
	if len(rows) == 0 {
		return errors.New("the probe's table is not on the console")
	}
	var errs []error
	overrides := ""
	for _, row := range rows {
		verdict, check, measured := row[1], row[2], strings.TrimSpace(row[3])
		if check == "overrides" {
			overrides = measured
		}
		if verdict != "PASS" && (verdict != "WARN" || !slices.Contains(mayWarn(), check)) {
			errs = append(errs, fmt.Errorf("the probe says %s of %s: %s", verdict, check, measured))
		}
	}
	if overrides != "0" {
		errs = append(errs, fmt.Errorf("the probe counts %q overrides, expected 0", overrides))
	}
	return errors.Join(errs...)
}
