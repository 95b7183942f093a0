package kairos

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Written gives how many bytes a drive has taken since the boot, as the kernel counts: sectors of 512
// bytes in the seventh column (kernel: Documentation/block/stat.rst).
func Written(device string) (int64, error) {
	node, err := filepath.EvalSymlinks(device)
	if err != nil {
		return 0, fmt.Errorf("looking for the drive %s: %w", device, err)
	}
	data, err := os.ReadFile(filepath.Join("/sys/class/block", filepath.Base(node), "stat"))
	if err != nil {
		return 0, fmt.Errorf("reading what %s has written: %w", device, err)
	}
	return parseWritten(string(data))
}

func parseWritten(stat string) (int64, error) {
	const column, sector = 6, 512
	fields := strings.Fields(stat)
	if len(fields) <= column {
		return 0, fmt.Errorf("reading a drive's counters %q: too few", stat)
	}
	sectors, err := strconv.ParseUint(fields[column], 10, 53)
	if err != nil {
		return 0, fmt.Errorf("reading a drive's counters: %w", err)
	}
	return int64(sectors) * sector, nil
}
