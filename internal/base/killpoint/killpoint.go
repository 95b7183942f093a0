// Package killpoint names the instants at which a power cut or a SIGKILL hurts most: between
// the two halves of every durable write and around every external program. In a build with the
// tag "killpoints" the process can be made to die at the n-th arrival at one of them; in every
// other build Reach does nothing.
//
// The harness sets one or more of these variables:
//
//   - STYLET_KILL_AT=POINT:N kills this process at its N-th arrival (from 1) at the point.
//   - STYLET_KILL_PLAN=FILE does so for many processes: each line "PROCESS POINT N" is for the
//     first process whose name (that of its systemd unit without .service, or of its program)
//     begins with PROCESS. The line is taken out of the file before the kill, so that it kills once.
//   - STYLET_KILL_LOG=FILE is where each arrival is appended, as "PROCESS[PID] POINT", so that a
//     test knows which points lie on the road, and how often.
package killpoint
