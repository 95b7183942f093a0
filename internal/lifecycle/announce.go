package lifecycle

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxAnnouncement bounds the line in bytes: the kernel's log refuses records of more than 976 (Linux
// 6.1: kernel/printk/printk.c, LOG_LINE_MAX in devkmsg_write).
const maxAnnouncement = 900

// Announcement is the line by which a host says on its console that a trial failed and why, before
// it goes back: the next boot may be one that says nothing any more. It names the trial as the boot
// loader does, and is one line whatever the cause is.
func (f Failure) Announcement() string {
	line := fmt.Sprintf("stylet: trial %s failed [%s]: %s", f.Revision.Short(), f.Code, strings.Join(strings.Fields(f.Cause), " "))
	if len(line) <= maxAnnouncement {
		return line
	}
	const more = "..."
	cut := maxAnnouncement - len(more)
	for !utf8.RuneStart(line[cut]) {
		cut--
	}
	return line[:cut] + more
}
