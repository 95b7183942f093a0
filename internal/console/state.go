package console

import (
	"time"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// State is what the console knows.
type State struct {
	Now time.Time
	// Version is that of stylet, HostName the OS's name of this host.
	Version, HostName string
	// Terminal is where it is shown: tty1, ttyS0.
	Terminal string
	// Interfaces are the host's own, with their addresses.
	Interfaces []Interface
	// Login tells whether Enter leads to a login.
	Login bool

	// Live is the live system, in which there is an installer and no agent.
	Live bool
	// Install is where the installer stands or, of an installed host, stood at its end; nil if that
	// is not known.
	Install *v1alpha1.InstallStatus
	// Host is the agent's last answer; nil before the first.
	Host *v1alpha1.HostStatus
	// Away is why the agent does not answer now, and AwaySince since when; nil if it does.
	Away      *Problem
	AwaySince time.Time
}

// Problem is an error as it is shown.
type Problem struct{ What, Code, Remedy string }

// Interface is one of the host's links.
type Interface struct {
	Name, MAC string
	// Carrier tells whether something answers at the other end of the cable.
	Carrier   bool
	Addresses []string
}

// Screen gives what is to be read, the most important first.
func (s State) Screen() Screen {
	screen := Screen{Title: "stylet " + s.Version, Right: s.corner()}
	switch {
	case s.Live:
		screen.Title += ", installer"
		s.live(&screen)
	default:
		s.installed(&screen)
	}
	s.network(&screen)
	if id := s.hostID(); id != "" {
		screen.add("host ID", id, Plain)
	}
	s.hardware(&screen)
	if s.Login {
		screen.Footer = "Press Enter to log in"
	}
	return screen
}

// corner is the host's name and the time to the minute: a clock that ticks would keep a serial line busy.
func (s State) corner() string { return s.HostName + "  " + s.Now.UTC().Format("15:04 MST") }

// hostID is what this host is known by, or will be.
func (s State) hostID() string {
	switch {
	case s.Live && s.Install != nil:
		return s.Install.HostID
	case !s.Live && s.Host != nil:
		return s.Host.Host.ID
	}
	return ""
}

func (s State) network(screen *Screen) {
	found := false
	for _, i := range s.Interfaces {
		text := i.Name + "  "
		for n, address := range i.Addresses {
			if n > 0 {
				text += ", "
			}
			text += address
		}
		if len(i.Addresses) > 0 {
			found = true
			screen.add("address", text, Plain)
		}
	}
	if found {
		return
	}
	for _, i := range s.Interfaces {
		text := i.Name + " (" + i.MAC + ")  no address yet"
		if !i.Carrier {
			text = i.Name + " (" + i.MAC + ")  no link: check the cable"
		}
		screen.add("address", text, Busy)
	}
	if len(s.Interfaces) == 0 {
		screen.add("address", "none: there is no network interface", Bad)
	}
}

// hardware is the probe's verdict: now in the live system, at the installation on a host.
func (s State) hardware(screen *Screen) {
	if s.Install == nil || s.Install.Hardware == "" {
		return
	}
	tone := map[string]Tone{"pass": Good, "warn": Busy, "fail": Bad}[s.Install.Verdict]
	text := s.Install.Hardware
	if !s.Live {
		text += " (probed when it was installed, " + s.Install.Begun.UTC().Format(time.DateOnly) + ")"
	}
	if tone == Bad {
		screen.add("hardware", text, tone)
		return
	}
	screen.minor("hardware", text, tone)
}
