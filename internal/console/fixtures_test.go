package console

import (
	"time"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

var noon = time.Date(2026, 11, 23, 12, 4, 30, 0, time.UTC)

// host is a host with an address, on whose state the cases build.
func host(status v1alpha1.HostStatus) State {
	status.Host.ID = "edge-4c4c4544-0042-3510-8052-b4c04f4d3132"
	return State{
		Now: noon, Version: "v0.2.0", HostName: "store-17", Login: true, Host: &status,
		Interfaces: []Interface{
			{Name: "eth0", MAC: "52:54:00:12:34:56", Carrier: true, Addresses: []string{"192.168.17.20", "2001:db8::17"}},
			{Name: "eth1", MAC: "52:54:00:12:34:57"},
		},
		Install: &v1alpha1.InstallStatus{Phase: v1alpha1.InstallDone, Verdict: "pass", Hardware: "PASS: this machine meets every requirement", Begun: noon.Add(-72 * time.Hour)},
	}
}

func live(status v1alpha1.InstallStatus) State {
	s := host(v1alpha1.HostStatus{})
	s.Live, s.Host, s.HostName, s.Install = true, nil, "localhost", &status
	return s
}

func installing() v1alpha1.InstallStatus {
	return v1alpha1.InstallStatus{
		Phase: v1alpha1.InstallInstalling, Begun: noon.Add(-time.Minute), Verdict: "warn",
		HostID:   "edge-4c4c4544-0042-3510-8052-b4c04f4d3132",
		Hardware: "WARN: this machine can be used; read about cpu.family, firmware.secure-boot, tpm",
		Device:   "/dev/disk/by-id/ata-Samsung_SSD_870_EVO_250GB_S6PENX0T123456", Step: "active", Done: 0.41, Written: 812_000_000,
		Left: v1alpha1.Duration(68 * time.Second),
	}
}

func failed() v1alpha1.InstallStatus {
	s := installing()
	s.Phase = v1alpha1.InstallFailed
	s.Failure = &v1alpha1.InstallFailure{
		What: "installing on " + s.Device + ": installing on it by kairos-agent (no space left on device): kairos-agent ended with status 1 after 12s: " +
			"mke2fs 1.47.0 (5-Feb-2023)\nError: write /run/cos/state/cOS/active.img: no space left on device",
		Code: "install.kairos-failed", Remedy: "look at /run/stylet/install/kairos-agent.log",
	}
	s.Logs = []string{"/run/stylet/install", "the drive STYLET-LOGS, folder stylet-install-logs"}
	return s
}

// states are what a person may meet, by name.
func states() map[string]State {
	probing := live(v1alpha1.InstallStatus{Phase: v1alpha1.InstallProbing})
	probing.Interfaces = []Interface{{Name: "eth0", MAC: "52:54:00:12:34:56"}, {Name: "eth1", MAC: "52:54:00:12:34:57", Carrier: true}}
	done := installing()
	done.Phase, done.Next = v1alpha1.InstallDone, "it restarts into the installed system; the installer medium can be removed"
	done.Logs = []string{"/run/stylet/install", "on the host, install in its state directory"}

	away := host(v1alpha1.HostStatus{Summary: "FINE: runs store 1.0.0 (active), as wanted", Fine: true})
	away.Away = &Problem{
		What: "the agent does not answer on /run/stylet/api.sock: connection refused", Code: "agent.not-running",
		Remedy: "see `systemctl status stylet-agent` and `journalctl -u stylet-agent`",
	}
	away.AwaySince = noon.Add(-40 * time.Second)
	starting := host(v1alpha1.HostStatus{})
	starting.Host, starting.Away, starting.AwaySince, starting.Install = nil, away.Away, noon.Add(-time.Minute), nil
	return map[string]State{
		"live-starting":   {Now: noon, Version: "v0.2.0", HostName: "localhost", Login: true, Live: true},
		"live-probing":    probing,
		"live-installing": live(installing()),
		"live-failed":     live(failed()),
		"live-done":       live(done),
		"starting":        starting,
		"waiting": host(v1alpha1.HostStatus{
			Fine: true, Summary: "WAITING: runs the installer's image (active); no profile is assigned",
			Next: "set stylet.assignment.profile in the user-data",
		}),
		"working": host(v1alpha1.HostStatus{
			Fine: true, Summary: "WORKING: runs store 1.0.0 (active); changing to store 2.0.0", Why: "the image differs",
			Next: "steps left: [ensure-content compose render-config arm-trial switch restart commit]",
			Work: &v1alpha1.WorkStatus{Action: "ensure-content", Detail: "layer os", Since: noon.Add(-2 * time.Minute), Done: 350_000_000, Total: 1_400_000_000},
		}),
		"stuck": host(v1alpha1.HostStatus{
			Summary: "WORKING: runs store 1.0.0 (active); changing to store 2.0.0", Why: "the image differs", Next: "steps left: [compose]",
			Work: &v1alpha1.WorkStatus{Action: "compose", Since: noon.Add(-3 * time.Hour), Problem: "no room on COS_PERSISTENT: 1.2 GB are needed, 0.3 GB are free", Attempt: 4},
		}),
		"proving": host(v1alpha1.HostStatus{
			Fine: true, Summary: "PROVING: store 2.0.0 is on trial, try 1 of 3", Why: "gate web: no answer yet",
			Next:  "it is committed when its gates pass, or the host goes back by 12:17:00",
			Trial: &v1alpha1.TrialStatus{Try: 1, MaxTries: 3, Deadline: noon.Add(12*time.Minute + 30*time.Second)},
		}),
		"fine": host(v1alpha1.HostStatus{Fine: true, Summary: "FINE: runs store 2.0.0 (active), as wanted", Next: "nothing; the source is asked again"}),
		"going-back": host(v1alpha1.HostStatus{
			Summary: "GOING BACK: store 2.0.0 failed its trial", Why: "gate web: no answer", Next: "the host restarts into the image before",
		}),
		"refused": host(v1alpha1.HostStatus{
			Summary: "NOT FINE: runs store 1.0.0 (passive); store 2.0.0 was refused", Why: "gate web: no answer",
			Next:    "nothing until the profile changes or somebody says `stylet retry`",
			Refused: []v1alpha1.RefusedRevision{{Profile: "store 2.0.0", Cause: "gate web: no answer", Code: "trial.gate-failed"}},
			Desired: &v1alpha1.DesiredStatus{Problem: "no route to registry.example", Remedy: "check the network"},
		}),
		"away": away,
	}
}
