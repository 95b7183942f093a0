package v1alpha1

import "time"

// Slot is one of the images that the boot loader can start.
type Slot string

// The slots, as Kairos names them, and the live system, which is none.
const (
	SlotActive   Slot = "active"
	SlotPassive  Slot = "passive"
	SlotRecovery Slot = "recovery"
	SlotLive     Slot = "live"
	SlotUnknown  Slot = "unknown"
)

// HostStatus is the truth that a host tells about itself.
type HostStatus struct {
	SchemaVersion int       `json:"schemaVersion"`
	Time          time.Time `json:"time"`
	// Fine is the answer to "is it fine?", Summary the same in one sentence.
	Fine    bool   `json:"fine"`
	Summary string `json:"summary"`
	// Host says which host this is.
	Host HostInfo `json:"host,omitzero"`
	// Running is what runs now; Desired what should, absent while nothing is assigned.
	Running RunningStatus  `json:"running"`
	Desired *DesiredStatus `json:"desired,omitempty"`
	// Trial is set while a revision is being proved.
	Trial *TrialStatus `json:"trial,omitempty"`
	// Work is the step in progress.
	Work *WorkStatus `json:"work,omitempty"`
	// Refused lists the revisions that failed here and are not tried again.
	Refused []RefusedRevision `json:"refused,omitempty"`
	// Why says why running and desired differ, Next what happens next.
	Why        string      `json:"why,omitempty"`
	Next       string      `json:"next,omitempty"`
	Conditions []Condition `json:"conditions,omitempty"`
	// AgentVersion is the version of the running agent.
	AgentVersion string `json:"agentVersion"`
}

// HostInfo says which host it is.
type HostInfo struct {
	// ID is what the host is known by wherever it is managed.
	ID       string `json:"id,omitempty"`
	HostName string `json:"hostName,omitempty"`
	// Tags are those of the user-data, of the file and of the program that it names.
	Tags map[string]string `json:"tags,omitempty"`
	// TagProblem says why tags are missing, "" if none are.
	TagProblem string `json:"tagProblem,omitempty"`
}

// RunningStatus is what runs now.
type RunningStatus struct {
	Slot  Slot   `json:"slot"`
	Image Digest `json:"image,omitempty"` // empty: the installer's image
	// Revision is the ID of the running revision, empty for the installer's image.
	Revision Digest `json:"revision,omitempty"`
	Profile  string `json:"profile,omitempty"` // "store 1.2.0"
	// Committed tells whether the running revision has passed its trial.
	Committed bool      `json:"committed"`
	BootedAt  time.Time `json:"bootedAt,omitzero"`
}

// DesiredStatus is what should run.
type DesiredStatus struct {
	Source   string `json:"source"` // the assigned reference
	Profile  string `json:"profile,omitempty"`
	Revision Digest `json:"revision,omitempty"`
	Image    Digest `json:"image,omitempty"`
	// CheckedAt is when the source last answered; Problem why it did not the last time,
	// Remedy what a person can do about that.
	CheckedAt time.Time `json:"checkedAt,omitzero"`
	Problem   string    `json:"problem,omitempty"`
	Remedy    string    `json:"remedy,omitempty"`
}

// TrialStatus is a trial in progress.
type TrialStatus struct {
	Revision Digest    `json:"revision"`
	Image    Digest    `json:"image"`
	Profile  string    `json:"profile,omitempty"`
	Try      int       `json:"try"`
	MaxTries int       `json:"maxTries"`
	Deadline time.Time `json:"deadline,omitzero"` // of this try
	Waiting  string    `json:"waiting,omitempty"` // what it still waits for
}

// WorkStatus is a step in progress.
type WorkStatus struct {
	Action  string    `json:"action"`
	Detail  string    `json:"detail,omitempty"`
	Since   time.Time `json:"since"`
	Done    int64     `json:"done,omitempty"`  // of Total, in bytes
	Total   int64     `json:"total,omitempty"` // zero: unknown
	Problem string    `json:"problem,omitempty"`
	Attempt int       `json:"attempt,omitempty"`
}

// RefusedRevision is a revision that failed on this host.
type RefusedRevision struct {
	Revision Digest `json:"revision"`
	Image    Digest `json:"image"`
	Profile  string `json:"profile,omitempty"`
	// Cause is one sentence; Code is stable: trial.gate-failed, trial.deadline, trial.boot-failed,
	// compose.rejected, image.too-big.
	Cause string    `json:"cause"`
	Code  string    `json:"code"`
	Tries int       `json:"tries,omitempty"`
	At    time.Time `json:"at"`
}

// Condition is one thing that is watched.
type Condition struct {
	Type    string    `json:"type"`
	OK      bool      `json:"ok"`
	Message string    `json:"message,omitempty"`
	Since   time.Time `json:"since,omitzero"`
}

// Event is one line of the host's history.
type Event struct {
	Time     time.Time `json:"time"`
	Type     string    `json:"type"` // stable, for example step.started, trial.failed
	Message  string    `json:"message"`
	Revision Digest    `json:"revision,omitempty"`
	Code     string    `json:"code,omitempty"`
}
