package v1alpha1

import (
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"
)

// MinTrialDeadline is the shortest trial: below it even a good host would not have started.
const MinTrialDeadline = 30 * time.Second

// ValidateSource checks the rules of a profile as a person writes it: each layer is either a local
// archive, or already pushed. The problems name keys, not places.
func (p Profile) ValidateSource() Problems { return p.validate(sourceForm) }

// ValidatePushed checks the rules of a profile in a registry: each layer's image is named by
// digest, with its content described, so that room is known before anything is downloaded.
func (p Profile) ValidatePushed() Problems { return p.validate(pushedForm) }

type profileForm int

const (
	sourceForm profileForm = iota
	pushedForm
)

// rules collects what a profile breaks.
type rules struct {
	form  profileForm
	found Problems
}

func (r *rules) broken(path, remedy, format string, args ...any) {
	r.found = append(r.found, Problem{Path: path, What: fmt.Sprintf(format, args...), Remedy: remedy})
}

func (p Profile) validate(form profileForm) Problems {
	r := &rules{form: form}
	r.header(p)
	r.layers(p.Spec)
	r.files(p.Spec.Files)
	r.gates(p.Spec.Gates, p.Spec.Trial)
	r.trial(p.Spec.Trial)
	return r.found
}

func (r *rules) header(p Profile) {
	if p.APIVersion != APIVersion {
		r.broken("apiVersion", "write apiVersion: "+APIVersion, "%q is not an API version this stylet knows", p.APIVersion)
	}
	if p.Kind != KindProfile {
		r.broken("kind", "write kind: "+KindProfile, "%q is not the kind of a profile", p.Kind)
	}
	r.label("metadata.name", p.Metadata.Name)
	if _, err := semver.StrictNewVersion(p.Metadata.Version); err != nil {
		r.broken("metadata.version", versionRemedy(p.Metadata.Version), "%q is not a semantic version", p.Metadata.Version)
	}
}

// versionRemedy completes 1.30 and v1.30.0, which people mean as versions.
func versionRemedy(version string) string {
	if v, err := semver.NewVersion(version); err == nil {
		return "write " + v.String()
	}
	return "write MAJOR.MINOR.PATCH, such as 1.2.0"
}

var dnsLabel = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

// label checks a name that becomes a part of host, unit and repository names (RFC 1123).
func (r *rules) label(path, name string) {
	switch {
	case name == "":
		r.broken(path, "give it a name of letters, digits and dashes", "the name is missing")
	case !dnsLabel.MatchString(name):
		r.broken(path, "use at most 63 lower-case letters, digits and dashes, with no dash at either end", "%q cannot be a name", name)
	}
}

func (r *rules) files(files []File) {
	seen := map[string]int{}
	for i, file := range files {
		at := fmt.Sprintf("spec.files[%d]", i)
		if problem := configPathProblem(file.Path); problem != "" {
			r.broken(at+".path", "write an absolute path below /etc, without . and ..", "%q %s", file.Path, problem)
		} else if first, twice := seen[file.Path]; twice {
			r.broken(at+".path", "", "spec.files[%d] has the path %s already", first, file.Path)
		} else {
			seen[file.Path] = i
		}
		if _, err := file.FileMode(); err != nil {
			r.broken(at+".mode", "write three octal digits after a zero, such as \"0600\"; there is no setuid, setgid or sticky bit", "%v", err)
		}
	}
	for i, file := range files {
		for dir := path.Dir(file.Path); len(dir) > len("/etc"); dir = path.Dir(dir) {
			if _, isFile := seen[dir]; isFile {
				r.broken(fmt.Sprintf("spec.files[%d].path", i), "", "%s lies below %s, which is a file of this profile", file.Path, dir)
			}
		}
	}
}

func configPathProblem(name string) string {
	switch {
	case name == "":
		return "is missing"
	case strings.ContainsAny(name, "\x00\n"):
		return "holds a character that paths must not have"
	case !strings.HasPrefix(name, "/etc/") || len(name) == len("/etc/"):
		return "is not below /etc"
	case path.Clean(name) != name:
		return "is not a clean path"
	}
	return ""
}

func (r *rules) gates(gates []GateSpec, trial TrialPolicy) {
	seen := map[string]bool{}
	deadline := trial.Deadline.Or(DefaultTrialDeadline)
	for i, gate := range gates {
		at := fmt.Sprintf("spec.gates[%d]", i)
		r.label(at+".name", gate.Name)
		if seen[gate.Name] && gate.Name != "" {
			r.broken(at+".name", "give each gate a name of its own", "there is a gate %s already", gate.Name)
		}
		seen[gate.Name] = true
		switch {
		case len(gate.Command) == 0 || gate.Command[0] == "":
			r.broken(at+".command", "write the program and its arguments as a list", "the command is missing")
		case strings.Contains(strings.Join(gate.Command, ""), "\x00"):
			r.broken(at+".command", "", "the command holds a NUL character")
		}
		if gate.Timeout != 0 && gate.Timeout < Duration(time.Second) {
			r.broken(at+".timeout", "give it 1s at least", "%s is too short to run a command", gate.Timeout)
		}
		if gate.IsRequired() && gate.Timeout != 0 && time.Duration(gate.Timeout)+gate.Settle.Or(0) > deadline {
			r.broken(at+".timeout", "shorten it, or raise spec.trial.deadline", "the gate may take %s, and %s to settle, longer than the trial's deadline of %s", gate.Timeout, gate.Settle, deadline)
		}
	}
}

func (r *rules) trial(trial TrialPolicy) {
	if trial.Tries < 0 || trial.Tries > 3 {
		r.broken("spec.trial.tries", "write 1, 2 or 3", "%s is not a number of tries", strconv.Itoa(trial.Tries))
	}
	if trial.Deadline != 0 && time.Duration(trial.Deadline) < MinTrialDeadline {
		r.broken("spec.trial.deadline", "give it "+MinTrialDeadline.String()+" at least", "%s is too short for a host to start", trial.Deadline)
	}
}
