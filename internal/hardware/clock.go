package hardware

import (
	"strconv"
	"time"
)

// clock gives this machine's time, or that of another machine's hardware clock when its tree was
// saved.
func (s *source) clock() Clock {
	c := Clock{Hardware: s.isDir("sys/class/rtc/rtc0")}
	if s.root == "/" {
		c.Now = time.Now().UTC()
		return c
	}
	if seconds, err := strconv.ParseInt(s.text("sys/class/rtc/rtc0/since_epoch"), 10, 64); err == nil && seconds > 0 {
		c.Now = time.Unix(seconds, 0).UTC()
	}
	return c
}
