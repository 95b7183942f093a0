//go:build killpoints

package killpoint

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

var (
	mu      sync.Mutex
	arrived = map[string]int{}
)

// Reach records the arrival at the point and, when the harness asked for exactly this arrival,
// ends the process at once, as a power cut would: no deferred call runs, nothing is flushed.
func Reach(name string) {
	mu.Lock()
	defer mu.Unlock()
	arrived[name]++
	if log := os.Getenv("STYLET_KILL_LOG"); log != "" {
		if f, err := os.OpenFile(log, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644); err == nil { //nolint:gosec // a test's own file
			_, _ = f.WriteString(name + "\n")
			_ = f.Close()
		}
	}
	point, count, ok := strings.Cut(os.Getenv("STYLET_KILL_AT"), ":")
	if !ok || point != name {
		return
	}
	if n, err := strconv.Atoi(count); err == nil && n == arrived[name] {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // the signal is on its way; no further instruction may have an effect
	}
}
