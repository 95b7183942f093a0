// Package kairos drives a real Kairos host: it installs by kairos-agent, reads the slots, switches
// to a new image, and keeps the boot environment by which GRUB tries a new image and goes back.
//
// What kairos-agent says of its own success is never trusted: labels, records and boot files are
// read again afterwards. What GRUB will read is only ever overwritten in place or written back with
// syncfs, since GRUB does not replay the journal (decisions: "Trial in the boot loader").
package kairos
