package v1alpha1

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// MaxProfileBytes bounds a profile, files' contents included, in its file and in the registry.
const MaxProfileBytes = MaxDocumentBytes

// ParseProfile reads a profile as a person writes it: one YAML document in source form, where a
// layer may be a local archive. The name is what the problems call the file. The error is a
// Problems that holds everything that is wrong, each with its place.
func ParseProfile(name string, data []byte) (Profile, error) {
	doc, err := ParseDocument(name, data)
	if err != nil {
		return Profile{}, err
	}
	var profile Profile
	problems := doc.Decode("", &profile)
	problems = append(problems, doc.Place(append(profile.ValidateSource(), explicitZeros(doc, profile)...))...)
	if err := problems.Err(); err != nil {
		return Profile{}, err
	}
	return profile, nil
}

// explicitZeros finds settings that say zero where zero means "the default": whoever wrote
// "settle: 0s" would otherwise get ten seconds without a word.
func explicitZeros(doc *Document, profile Profile) Problems {
	var found Problems
	check := func(path string, zero bool, def any) {
		if zero && doc.Has(path) {
			found = append(found, Problem{Path: path, What: "zero is not a value for this key", Remedy: fmt.Sprintf("leave the key out for the default, %v", def)})
		}
	}
	check("spec.trial.deadline", profile.Spec.Trial.Deadline == 0, DefaultTrialDeadline)
	check("spec.trial.tries", profile.Spec.Trial.Tries == 0, DefaultTrialTries)
	for i, gate := range profile.Spec.Gates {
		path := fmt.Sprintf("spec.gates[%d]", i)
		check(path+".timeout", gate.Timeout == 0, DefaultGateTimeout)
		check(path+".settle", gate.Settle == 0, DefaultGateSettle)
	}
	return found
}

// ParsePushedProfile reads a profile as it lies in a registry: the canonical JSON of the pushed
// form, whose digest is the profile's. Other JSON, unknown keys included, is an error, since two
// readers could then disagree about what was said.
func ParsePushedProfile(data []byte) (Profile, error) {
	if len(data) > MaxProfileBytes {
		return Profile{}, fmt.Errorf("the profile has %d bytes, more than the %d allowed", len(data), MaxProfileBytes)
	}
	var profile Profile
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&profile); err != nil {
		return Profile{}, fmt.Errorf("reading the profile's JSON: %w", err)
	}
	canonical, err := profile.CanonicalJSON()
	if err != nil {
		return Profile{}, err
	}
	if !bytes.Equal(canonical, data) {
		return Profile{}, fmt.Errorf("the profile's JSON is not in canonical form: its digest is %s, that of its canonical form %s", DigestOf(data), DigestOf(canonical))
	}
	if err := profile.ValidatePushed().Err(); err != nil {
		return Profile{}, err
	}
	return profile, nil
}

// CanonicalJSON gives the bytes that Digest is the digest of.
func (p Profile) CanonicalJSON() ([]byte, error) {
	data, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("encoding the profile: %w", err)
	}
	return data, nil
}
