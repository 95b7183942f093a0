//go:build killpoints

package killpoint

import (
	"fmt"
	"os"
	"path"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

const (
	atVariable   = "STYLET_KILL_AT"
	planVariable = "STYLET_KILL_PLAN"
	logVariable  = "STYLET_KILL_LOG"
)

// Variables are those that a process hands on to the programs that it starts.
func Variables() []string { return []string{atVariable, planVariable, logVariable} }

var (
	mu      sync.Mutex
	arrived = map[string]int{}
	process = sync.OnceValue(processName)
)

// Reach records the arrival at the point and, when the harness asked for exactly this arrival,
// ends the process at once, as a power cut would: no deferred call runs, nothing is flushed.
func Reach(name string) {
	mu.Lock()
	defer mu.Unlock()
	arrived[name]++
	record(name)
	point, count, _ := strings.Cut(os.Getenv(atVariable), ":")
	if point == name && count == strconv.Itoa(arrived[name]) || planned(name, arrived[name]) {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // the signal is on its way; no further instruction may have an effect
	}
}

func record(name string) {
	log := os.Getenv(logVariable)
	if log == "" {
		return
	}
	if f, err := os.OpenFile(log, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644); err == nil { //nolint:gosec // a test's own file
		_, _ = fmt.Fprintf(f, "%s[%d] %s\n", process(), os.Getpid(), name)
		_ = f.Close()
	}
}

// planned tells whether the plan has a line for this arrival, and takes it out.
func planned(name string, n int) bool {
	plan := os.Getenv(planVariable)
	if plan == "" {
		return false
	}
	f, err := os.OpenFile(plan, os.O_RDWR, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return false
	}
	data, err := os.ReadFile(plan)
	if err != nil {
		return false
	}
	rest, found := take(string(data), process(), name, n)
	if !found {
		return false
	}
	if err := f.Truncate(0); err != nil {
		return false
	}
	_, err = f.WriteAt([]byte(rest), 0)
	return err == nil
}

// take removes the first line that is meant for this arrival.
func take(plan, process, point string, n int) (rest string, found bool) {
	var kept strings.Builder
	for line := range strings.Lines(plan) {
		var prefix, name string
		var count int
		_, err := fmt.Sscanf(line, "%s %s %d", &prefix, &name, &count)
		if !found && err == nil && strings.HasPrefix(process, prefix) && name == point && count == n {
			found = true
			continue
		}
		kept.WriteString(line)
	}
	return kept.String(), found
}

// processName is the systemd unit that this process runs in, or its program.
func processName() string {
	data, _ := os.ReadFile("/proc/self/cgroup")
	for line := range strings.Lines(string(data)) {
		if unit, ok := strings.CutSuffix(path.Base(strings.TrimSpace(line)), ".service"); ok {
			return unit
		}
	}
	return path.Base(os.Args[0])
}
