package v1alpha1

import "time"

// InstallStatusFile is where the installer says in the live system how far it is, below the
// runtime directory; and, at the end, in InstallLogDir of the installed host's state directory.
const InstallStatusFile = "install.json"

// InstallLogDir is where an installation's logs are kept: below the runtime directory in the live
// system, and below the state directory of the installed host.
const InstallLogDir = "install"

// InstallStatusSchema is the version of an InstallStatus' form.
const InstallStatusSchema = 1

// InstallPhase is what an installation is doing.
type InstallPhase string

// The phases, in their order; failed may follow any of them.
const (
	InstallProbing    InstallPhase = "probing"
	InstallAsking     InstallPhase = "asking" // waits for a person's word
	InstallInstalling InstallPhase = "installing"
	InstallDone       InstallPhase = "done"
	InstallFailed     InstallPhase = "failed"
)

// InstallStatus is where an installation stands. It holds no secret: what it quotes of others was
// redacted by value.
type InstallStatus struct {
	SchemaVersion int          `json:"schemaVersion"`
	Phase         InstallPhase `json:"phase"`
	// Begun is the start of this attempt, Time the last change.
	Begun time.Time `json:"begun"`
	Time  time.Time `json:"time"`
	// Verdict is the probe's, pass, warn or fail, and Hardware the same in a sentence; empty before
	// it is known.
	Verdict  string `json:"verdict,omitempty"`
	Hardware string `json:"hardware,omitempty"`
	// HostID is what the host will be known by.
	HostID string `json:"hostId,omitempty"`
	// Device is the drive that is installed on.
	Device string `json:"device,omitempty"`
	// Step is what is being done, Done how much of the usual time has passed, 0 to 1.
	Step string  `json:"step,omitempty"`
	Done float64 `json:"done,omitempty"`
	// Written is how much the drive has taken since Begun, in bytes, as the kernel counts.
	Written int64 `json:"written,omitempty"`
	// Total is what Written will be at the end; zero if that is not known.
	Total int64 `json:"total,omitempty"`
	// Left is an estimate of the time until the end; zero if there is none.
	Left Duration `json:"left,omitempty"`
	// Failure is why the installation ended.
	Failure *InstallFailure `json:"failure,omitempty"`
	// Next is what happens now, or what a person can do.
	Next string `json:"next,omitempty"`
	// Logs are the places where what was said is kept.
	Logs []string `json:"logs,omitempty"`
}

// InstallFailure is an error as the installer tells it.
type InstallFailure struct {
	What   string `json:"what"`
	Code   string `json:"code"`
	Remedy string `json:"remedy,omitempty"`
}
