package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stylet-edge/stylet/internal/base/fault"
)

// BenchmarkHelp times `stylet --help` as a person meets it: a new process. Each
// run is paired with one of an empty static Go program, because the machine's
// own noise is larger than the figure; the ratio is what can be compared between
// machines. Medians, in milliseconds.
func BenchmarkHelp(b *testing.B) {
	stylet := "../../dist/stylet"
	if _, err := os.Stat(stylet); err != nil {
		b.Fatalf("run `make bench`, which builds it: %v", err)
	}
	empty := emptyProgram(b)

	var ours, floor []time.Duration
	for b.Loop() {
		ours = append(ours, timed(b, stylet, "--help"))
		floor = append(floor, timed(b, empty))
	}
	b.ReportMetric(0, "ns/op") // the pair's sum means nothing
	b.ReportMetric(median(ours).Seconds()*1e3, "stylet-ms")
	b.ReportMetric(median(floor).Seconds()*1e3, "empty-ms")
	b.ReportMetric(float64(median(ours))/float64(median(floor)), "ratio")
}

// BenchmarkProbe times the measuring of this machine against lshw, which people use for it. Both
// print JSON. What stylet thinks of the machine (its exit status) does not matter.
func BenchmarkProbe(b *testing.B) {
	lshw, err := exec.LookPath("lshw")
	if err != nil {
		b.Fatal("run `make bench`, which installs lshw")
	}
	var ours, theirs []time.Duration
	for b.Loop() {
		ours = append(ours, timed(b, "../../dist/stylet", "probe", "-o", "json"))
		theirs = append(theirs, timed(b, lshw, "-quiet", "-json"))
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(ours).Seconds()*1e3, "stylet-ms")
	b.ReportMetric(median(theirs).Seconds()*1e3, "lshw-ms")
	b.ReportMetric(float64(median(theirs))/float64(median(ours)), "times-faster")
}

func emptyProgram(b *testing.B) string {
	b.Helper()
	dir := b.TempDir()
	source, program := filepath.Join(dir, "main.go"), filepath.Join(dir, "empty")
	if err := os.WriteFile(source, []byte("package main\n\nfunc main() {}\n"), 0o600); err != nil {
		b.Fatal(err)
	}
	build := exec.CommandContext(b.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, source)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	return program
}

func timed(b *testing.B, program string, args ...string) time.Duration {
	b.Helper()
	start := time.Now()
	out, err := exec.CommandContext(b.Context(), program, args...).CombinedOutput()
	took := time.Since(start)
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() > fault.ExitNotFine) {
		b.Fatalf("%s: %v: %s", program, err, out)
	}
	return took
}

func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}
