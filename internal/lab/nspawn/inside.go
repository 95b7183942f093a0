package nspawn

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/stylet-edge/stylet/internal/lab/process"
)

// ErrOff means that no system runs at this moment: the machine is between two boots.
var ErrOff = errors.New("the machine is between two boots")

// leader is the container's first process, as the host numbers it.
func (m *Machine) leader() (int, error) {
	m.mu.Lock()
	p := m.power
	m.mu.Unlock()
	if p == nil {
		return 0, ErrOff
	}
	// unshare -> the shell that becomes nspawn -> the container's first process
	nspawn, err := onlyChild(p.Pid())
	if err != nil {
		return 0, err
	}
	leader, err := onlyChild(nspawn)
	if err != nil {
		return 0, err
	}
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", leader))
	if err != nil || strings.TrimSpace(string(name)) != "systemd" {
		return 0, ErrOff
	}
	return leader, nil
}

func onlyChild(pid int) (int, error) {
	if children := Children(pid); len(children) == 1 {
		return children[0], nil
	}
	return 0, ErrOff
}

// Children lists what the threads of a process have started and not yet waited for.
func Children(pid int) []int {
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		return nil
	}
	var children []int
	for _, list := range lists {
		data, err := os.ReadFile(list)
		if err != nil {
			continue // the thread has ended
		}
		for _, field := range strings.Fields(string(data)) {
			if child, err := strconv.Atoi(field); err == nil {
				children = append(children, child)
			}
		}
	}
	return children
}

// ReadFile reads a file as the machine sees it.
func (m *Machine) ReadFile(name string) ([]byte, error) {
	leader, err := m.leader()
	if err != nil {
		return nil, err
	}
	return os.ReadFile(fmt.Sprintf("/proc/%d/root%s", leader, name))
}

// Glob lists files as the machine sees them, without the prefix.
func (m *Machine) Glob(pattern string) ([]string, error) {
	leader, err := m.leader()
	if err != nil {
		return nil, err
	}
	prefix := fmt.Sprintf("/proc/%d/root", leader)
	found, err := filepath.Glob(prefix + pattern)
	for i := range found {
		found[i] = strings.TrimPrefix(found[i], prefix)
	}
	return found, err
}

// Exec runs a program inside the machine to its end and gives its standard output.
func (m *Machine) Exec(ctx context.Context, argv ...string) ([]byte, error) {
	leader, err := m.leader()
	if err != nil {
		return nil, err
	}
	enter := []string{"nsenter", "--target", strconv.Itoa(leader), "--mount", "--uts", "--ipc", "--pid", "--"}
	return process.Output(ctx, append(enter, argv...)...)
}

// Inside is a process of the machine.
type Inside struct {
	// Pid is the host's number of it.
	Pid  int
	Argv []string
}

// Processes lists the machine's processes.
func (m *Machine) Processes() ([]Inside, error) {
	leader, err := m.leader()
	if err != nil {
		return nil, err
	}
	space, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", leader))
	if err != nil {
		return nil, ErrOff
	}
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	var found []Inside
	for _, dir := range dirs {
		if ns, err := os.Readlink(dir + "/ns/pid"); err != nil || ns != space {
			continue // not ours, or it has just ended
		}
		line, err := os.ReadFile(dir + "/cmdline")
		pid, numberErr := strconv.Atoi(filepath.Base(dir))
		if err != nil || numberErr != nil || len(line) == 0 {
			continue
		}
		found = append(found, Inside{Pid: pid, Argv: strings.Split(strings.TrimRight(string(line), "\x00"), "\x00")})
	}
	return found, nil
}

// uptime is how long the host runs, in seconds.
func uptime() float64 {
	data, err := os.ReadFile("/proc/uptime")
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(data), " ")
	seconds, err := strconv.ParseFloat(first, 64)
	if err != nil {
		return 0
	}
	return seconds
}
