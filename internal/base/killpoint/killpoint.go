// Package killpoint names the instants at which a power cut or a SIGKILL hurts most: between
// the two halves of every durable write and around every external program. In a build with the
// tag "killpoints" the process can be made to die at the n-th arrival at one of them; in every
// other build Reach does nothing.
//
// The harness sets STYLET_KILL_AT=NAME:N (N counts from 1) and STYLET_KILL_LOG=FILE, to which
// every point reached is appended, so that a test knows which points lie on the road.
package killpoint
