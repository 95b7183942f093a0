package v1alpha1

import "time"

// The top-level keys of user-data that are ours to read: our own, and the documented one.
const (
	SiteBlock       = "stylet"
	DocumentedBlock = "stylus"
)

// DriveTransports are the words for how a drive is connected, in the probe's facts and in a
// DriveSelector.
func DriveTransports() []string {
	return []string{"nvme", "ata", "scsi", "virtio", "mmc", "sd", "usb", "xen"}
}

// Site is what the user-data says about this host: our own keys of the `stylet:` block, and those
// that are documented for `stylus:`, which both blocks may carry with the same meaning. Every key is
// optional; a missing block is a host that waits for an assignment. SiteKeys says of each key what it
// does, and since when.
type Site struct {
	Assignment Assignment `json:"assignment,omitzero" yaml:"assignment,omitempty"`
	Registries []Registry `json:"registries,omitempty" yaml:"registries,omitempty"`
	Install    Install    `json:"install,omitzero" yaml:"install,omitempty"`
	Probe      ProbePlan  `json:"probe,omitzero" yaml:"probe,omitempty"`
	// LogLevel is debug, info, warn or error; default info.
	LogLevel string `json:"logLevel,omitempty" yaml:"logLevel,omitempty"`

	Documented `yaml:",inline"`
}

// Assignment says which profile the host runs.
type Assignment struct {
	// Profile is REGISTRY/REPOSITORY:TAG or @sha256:DIGEST of a profile artifact.
	Profile string `json:"profile,omitempty" yaml:"profile,omitempty"`
	// PollInterval is how often a tag is asked for again; default 5m, at least 1s.
	PollInterval Duration `json:"pollInterval,omitempty" yaml:"pollInterval,omitempty"`
}

// DefaultPollInterval is the time between two looks at the assigned tag.
const DefaultPollInterval = Duration(5 * time.Minute)

// Registry sets how one registry is reached.
type Registry struct {
	// Host is HOST or HOST:PORT, as written in references.
	Host string `json:"host" yaml:"host"`
	// PlainHTTP permits http: without TLS. Content is still verified by digest, but a tag can
	// then be answered by anyone on the path.
	PlainHTTP bool `json:"plainHTTP,omitempty" yaml:"plainHTTP,omitempty"`
	// SkipTLSVerify permits https whose certificate is not verified, with the same consequence.
	SkipTLSVerify bool   `json:"skipTLSVerify,omitempty" yaml:"skipTLSVerify,omitempty"`
	Username      string `json:"username,omitempty" yaml:"username,omitempty"`
	Password      Secret `json:"password,omitempty" yaml:"password,omitempty"`
	// CACerts are authorities for this registry beside the system's: PEM, or base64 of PEM.
	CACerts []string `json:"caCerts,omitempty" yaml:"caCerts,omitempty"`
}

// Install is the intent of an installation.
type Install struct {
	// Device is an absolute path, best below /dev/disk/by-id; default: the probe's choice.
	Device string `json:"device,omitempty" yaml:"device,omitempty"`
	// DeviceSelector describes the drive where its path is not known in advance; not beside Device.
	DeviceSelector DriveSelector `json:"deviceSelector,omitzero" yaml:"deviceSelector,omitempty"`
	// MaxImageSize is the largest image the disk layout must have room for; default 8Gi. It can
	// never be changed after the installation.
	MaxImageSize Size `json:"maxImageSize,omitempty" yaml:"maxImageSize,omitempty"`
	// Force permits overwriting an existing installation.
	Force bool `json:"force,omitempty" yaml:"force,omitempty"`
	// After is reboot (default) or poweroff.
	After string `json:"after,omitempty" yaml:"after,omitempty"`
}

// DriveSelector describes a drive: all that is given must hold. If it leaves several drives, the
// probe's rule chooses among them.
type DriveSelector struct {
	// Model is a shell pattern (* and ?) for the whole model name; case does not matter.
	Model string `json:"model,omitempty" yaml:"model,omitempty"`
	// Serial is the serial number.
	Serial string `json:"serial,omitempty" yaml:"serial,omitempty"`
	// Transport is nvme, ata, scsi, virtio, mmc, sd, usb or xen. A usb or sd drive is taken only
	// if it is named here.
	Transport string `json:"transport,omitempty" yaml:"transport,omitempty"`
	// MinSize and MaxSize are inclusive.
	MinSize Size `json:"minSize,omitempty" yaml:"minSize,omitempty"`
	MaxSize Size `json:"maxSize,omitempty" yaml:"maxSize,omitempty"`
}

// DefaultMaxImageSize is the largest image that a default layout supports.
const DefaultMaxImageSize = Size(8 << 30)

// ProbePlan changes the probe's verdicts on purpose.
type ProbePlan struct {
	Overrides []ProbeOverride `json:"overrides,omitempty" yaml:"overrides,omitempty"`
}

// ProbeOverride turns the failure of one check into a warning; it is recorded and reported.
type ProbeOverride struct {
	// Check is the check's code, for example "memory.minimum".
	Check string `json:"check" yaml:"check"`
	// Reason is required: somebody will ask.
	Reason string `json:"reason" yaml:"reason"`
}
