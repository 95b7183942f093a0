package reader

import (
	"errors"
	"fmt"
	"regexp"
)

// onScreen is what the console's screen must have shown on the serial line while the live system installed.
func onScreen() map[string]*regexp.Regexp {
	return map[string]*regexp.Regexp{
		"that it installs":                 regexp.MustCompile(`(?m)^ INSTALLING$`),
		"how far it is":                    regexp.MustCompile(`(?m)^ progress +\[#*-*\] +\d+%  \S`),
		"how much is written and how long": regexp.MustCompile(`(?m)^ +\d\S* [MG]B written, about \d+ (second|minute)s? left`),
		"the verdict on the hardware":      regexp.MustCompile(`(?m)^ hardware +(PASS|WARN): `),
		"the address":                      regexp.MustCompile(`(?m)^ address +\S+ +10\.0\.2\.(15|77)`),
		"that it is done":                  regexp.MustCompile(`(?m)^ INSTALLED$`),
		"where the logs are":               regexp.MustCompile(`(?m)^ logs +/run/stylet/install`),
		"how a person gets in":             regexp.MustCompile(`Press Enter to log in`),
	}
}

// CheckScreen reads the screen of state off the serial line of an installation.
func CheckScreen(said string) error {
	var errs []error
	for what, pattern := range onScreen() {
		if !pattern.MatchString(said) {
			errs = append(errs, fmt.Errorf("the screen on the serial line has not shown %s (%s)", what, pattern))
		}
	}
	return errors.Join(errs...)
}
