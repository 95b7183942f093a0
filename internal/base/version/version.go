// Package version holds what the build stamps into the binary.
package version

import "time"

// Stamped by the linker: -X github.com/stylet-edge/stylet/internal/base/version.Version=...
var (
	// Version is `git describe --tags --always --dirty` of the tree that was built.
	Version = "v0.0.0-dev"
	// Commit is the full commit hash.
	Commit = "unknown"
	// Date is the commit's date, RFC 3339, so that equal trees give equal binaries.
	Date = "unknown"
)

// Released is Date as a time; zero in a build without it.
func Released() time.Time {
	t, err := time.Parse(time.RFC3339, Date)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}
