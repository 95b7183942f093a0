// Package hardware measures the host and judges it against the minimum that a site asks for.
//
// Collect reads what the machine says about itself (ghw, sysfs, the udev database) and decides
// nothing. Judge is pure: facts and the site's settings in, a report out. Each rule is one small
// probe in a file of its own (check_*.go), and says what it measured, what it wanted and where
// that comes from, why it came to its verdict, and what to do about it.
package hardware
