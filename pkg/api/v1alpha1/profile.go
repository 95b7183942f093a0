package v1alpha1

import "time"

// APIVersion and the kinds that carry it.
const (
	APIVersion  = "stylet.dev/v1alpha1"
	KindProfile = "ClusterProfile"
)

// Profile is a cluster profile: what runs on the hosts of a site, from the OS upwards.
type Profile struct {
	APIVersion string      `json:"apiVersion" yaml:"apiVersion"`
	Kind       string      `json:"kind" yaml:"kind"`
	Metadata   Metadata    `json:"metadata" yaml:"metadata"`
	Spec       ProfileSpec `json:"spec" yaml:"spec"`
}

// Metadata names a profile.
type Metadata struct {
	Name string `json:"name" yaml:"name"`
	// Version is a semantic version, without "v".
	Version string `json:"version" yaml:"version"`
}

// ProfileSpec is what a profile asks for.
type ProfileSpec struct {
	// Layers are written into the image in this order; exactly one is of kind os, and it is first.
	Layers []Layer `json:"layers" yaml:"layers"`
	// Agent is the stylet binary of the image, default the one that is running.
	Agent *Layer `json:"agent,omitempty" yaml:"agent,omitempty"`
	// Files are configuration, rendered at each boot; they belong to the revision, not to the image.
	Files []File `json:"files,omitempty" yaml:"files,omitempty"`
	// Gates are what a new revision must pass before it is committed.
	Gates []GateSpec `json:"gates,omitempty" yaml:"gates,omitempty"`
	// Trial bounds the trial of a new revision.
	Trial TrialPolicy `json:"trial,omitzero" yaml:"trial,omitempty"`
}

// LayerKind says what a layer is for.
type LayerKind string

// The kinds of layers of this version. Kubernetes distributions come as a kind of their own.
const (
	LayerOS      LayerKind = "os"      // a whole root file system that boots under Kairos
	LayerRuntime LayerKind = "runtime" // a container runtime with its units
	LayerAgent   LayerKind = "agent"   // the stylet binary
)

// Layer is one part of an image: a compressed tar (zstd or gzip), pushed as an OCI artifact.
type Layer struct {
	Kind LayerKind `json:"kind,omitempty" yaml:"kind,omitempty"`
	Name string    `json:"name" yaml:"name"`
	// Image is [REGISTRY]/REPOSITORY@sha256:DIGEST of the layer's OCI manifest. Without a registry
	// ("/site/os@sha256:...") the layer lies beside the profile, in the same registry: mirrors
	// need no rewriting.
	Image string `json:"image,omitempty" yaml:"image,omitempty"`
	// Archive is a local file that `stylet profile push` uploads and replaces by Image and Content.
	Archive string `json:"archive,omitempty" yaml:"archive,omitempty"`
	// Content describes the layer's blob; `stylet profile push` fills it.
	Content *LayerContent `json:"content,omitempty" yaml:"content,omitempty"`
}

// LayerContent describes a layer's blob, so that room is known before anything is downloaded.
type LayerContent struct {
	Digest Digest `json:"digest" yaml:"digest"` // of the blob as downloaded
	Size   int64  `json:"size" yaml:"size"`     // bytes to download
	// UnpackedBytes is the sum of the files' sizes, each rounded up to 4096 bytes.
	UnpackedBytes int64 `json:"unpackedBytes" yaml:"unpackedBytes"`
	// Files counts the entries: each needs an inode.
	Files int64 `json:"files" yaml:"files"`
}

// File is a configuration file below /etc.
type File struct {
	Path    string `json:"path" yaml:"path"`
	Content string `json:"content" yaml:"content"`
	// Mode is octal text, default "0644", without setuid, setgid and sticky bits; see FileMode.
	Mode string `json:"mode,omitempty" yaml:"mode,omitempty"`
}

// GateSpec is a command that must succeed on a host in trial.
type GateSpec struct {
	Name    string   `json:"name" yaml:"name"`
	Command []string `json:"command" yaml:"command"`
	// Required gates decide the trial; the others are only reported. Default true.
	Required *bool `json:"required,omitempty" yaml:"required,omitempty"`
	// Timeout is how long the gate may take to pass for the first time. Default 5m.
	Timeout Duration `json:"timeout,omitempty" yaml:"timeout,omitempty"`
	// Settle is how long it must keep passing. Default 10s.
	Settle Duration `json:"settle,omitempty" yaml:"settle,omitempty"`
}

// IsRequired tells whether the gate decides.
func (g GateSpec) IsRequired() bool { return g.Required == nil || *g.Required }

// TrialPolicy bounds a trial.
type TrialPolicy struct {
	// Deadline is the time from boot to commit; then the host goes back. Default 15m.
	Deadline Duration `json:"deadline,omitempty" yaml:"deadline,omitempty"`
	// Tries is how many boots a trial gets, 1 to 3. Default 3.
	Tries int `json:"tries,omitempty" yaml:"tries,omitempty"`
}

// Defaults of a profile.
const (
	DefaultTrialDeadline = Duration(15 * time.Minute)
	DefaultTrialTries    = 3
	DefaultGateTimeout   = Duration(5 * time.Minute)
	DefaultGateSettle    = Duration(10 * time.Second)
)

// Digest identifies the profile: the digest of its canonical JSON. Formatting, comments and the
// order of keys of the file it came from do not matter.
func (p Profile) Digest() Digest { return digestOfJSON(p) }

// Title names the profile for people.
func (p Profile) Title() string { return p.Metadata.Name + " " + p.Metadata.Version }
