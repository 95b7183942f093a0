package console

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// live says where the installer stands.
func (s State) live(screen *Screen) {
	i := s.Install
	if i == nil {
		screen.Headline, screen.Tone = "STARTING: the installer has not begun yet", Busy
		screen.add("to look", "journalctl -u stylet-install", Plain)
		return
	}
	screen.Tone = Busy
	switch i.Phase {
	case v1alpha1.InstallProbing:
		screen.Headline = "PROBING: is this machine good enough, and which drive is the main one?"
	case v1alpha1.InstallAsking:
		screen.Headline = "ASKING: the installer waits for a person's word before it writes"
	case v1alpha1.InstallInstalling:
		screen.Headline = "INSTALLING"
	case v1alpha1.InstallDone:
		screen.Headline, screen.Tone = "INSTALLED", Good
	case v1alpha1.InstallFailed:
		screen.Headline, screen.Tone = "NOT INSTALLED", Bad
	default:
		screen.Headline = strings.ToUpper(string(i.Phase))
	}
	if i.Failure != nil {
		screen.problem(Problem(*i.Failure))
	}
	if i.Phase == v1alpha1.InstallInstalling {
		screen.progress(i.Done, i.Step)
		if text := amounts(i.Written, i.Total, time.Duration(i.Left)); text != "" {
			screen.add("", text, Plain)
		}
	}
	if i.Next != "" {
		screen.add("next", i.Next, Plain)
	}
	if i.Device != "" {
		screen.minor("drive", i.Device, Plain)
	}
	if len(i.Logs) > 0 {
		screen.add("logs", strings.Join(i.Logs, "; "), Plain)
	}
}

// amounts says how much is done and how long it takes yet.
func amounts(done, total int64, left time.Duration) string {
	var parts []string
	switch {
	case total > 0:
		parts = append(parts, fmt.Sprintf("%s of %s", bytesOf(done), bytesOf(total)))
	case done > 0:
		parts = append(parts, bytesOf(done)+" written")
	}
	if left > 0 {
		parts = append(parts, "about "+roughly(left)+" left")
	}
	return strings.Join(parts, ", ")
}

// bytesOf writes a size in three figures, so that it does not change all the time.
func bytesOf(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.2f GB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%d MB", n/1e6)
	}
	return fmt.Sprintf("%d kB", n/1e3)
}

// roughly writes a time as people say it. Seconds come in tens, or the line would change at each.
func roughly(d time.Duration) string {
	count := func(n float64, what string) string {
		if n == 1 {
			return "1 " + what
		}
		return fmt.Sprintf("%.0f %ss", n, what)
	}
	switch {
	case d < time.Minute-5*time.Second:
		return count(max(10, math.Round(d.Seconds()/10)*10), "second")
	case d < time.Hour-30*time.Second:
		return count(math.Round(d.Minutes()), "minute")
	case d < 48*time.Hour:
		return count(math.Round(d.Hours()), "hour")
	}
	return count(math.Round(d.Hours()/24), "day")
}
