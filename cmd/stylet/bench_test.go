package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
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
	if out, err := exec.CommandContext(b.Context(), program, args...).CombinedOutput(); err != nil {
		b.Fatalf("%s: %v: %s", program, err, out)
	}
	return time.Since(start)
}

func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}
