package site

import "strings"

// isSlip tells whether typed is the wanted word with one slip: another case, or one letter too
// many, too few, wrong, or in its neighbour's place.
func isSlip(typed, wanted string) bool {
	typed, wanted = strings.ToLower(typed), strings.ToLower(wanted)
	for len(typed) > 0 && len(wanted) > 0 && typed[0] == wanted[0] {
		typed, wanted = typed[1:], wanted[1:]
	}
	for len(typed) > 0 && len(wanted) > 0 && typed[len(typed)-1] == wanted[len(wanted)-1] {
		typed, wanted = typed[:len(typed)-1], wanted[:len(wanted)-1]
	}
	if len(typed) == 2 && len(wanted) == 2 {
		return typed[0] == wanted[1] && typed[1] == wanted[0]
	}
	return len(typed) <= 1 && len(wanted) <= 1
}
