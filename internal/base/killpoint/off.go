//go:build !killpoints

package killpoint

// Reach does nothing in this build.
func Reach(string) {}

// Variables are those that a process hands on to the programs that it starts: none in this build.
func Variables() []string { return nil }
