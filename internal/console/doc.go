// Package console is the face of a host at its own terminals, screen and serial line: one plain
// screen of state that needs no login, and Enter to log in.
//
//	State     what is known: the agent's status, or where the installer stands; addresses
//	  |       (State.Screen, pure)
//	Screen    rows of label and text, the most important first
//	  |       (Screen.Frame, pure: size and characters of the terminal)
//	Frame     lines of styled text
//	  |       (painter: only the lines that changed, at most once a second)
//	terminal  the frame above, and below it a region that scrolls: what the kernel and services
//	          say on the same terminal stays readable and leaves the screen alone
//
// It sees what every user of the host may ask the agent, and no secret. What comes from outside, such
// as a profile's name, can move no cursor: only characters that the terminal shows are let through.
package console
