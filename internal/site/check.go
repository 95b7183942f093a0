package site

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Bounds of the values.
const (
	minPollInterval = v1alpha1.Duration(time.Second)
	minImageSize    = v1alpha1.Size(1 << 30)
)

// keys tells whether a key was given, which the zero value alone does not.
type keys interface {
	Has(path string) bool
	// Text is the value as it is written, "" if there is none; IsText tells whether there is one.
	Text(path string) string
	IsText(path string) bool
}

// check finds values that have the right type and make no sense, each by itself. Paths are those of
// the file.
func check(p part, given keys) v1alpha1.Problems {
	site := p.site
	var found v1alpha1.Problems
	add := func(key, remedy, format string, args ...any) {
		at := p.block + "." + key
		if given.Has(at) {
			found = append(found, v1alpha1.Problem{Path: at, What: fmt.Sprintf(format, args...), Remedy: remedy})
		}
	}
	if err := checkReference(site.Assignment.Profile); err != nil {
		add("assignment.profile", "write REGISTRY/REPOSITORY:TAG or REGISTRY/REPOSITORY@sha256:DIGEST", "%v", err)
	}
	if interval := site.Assignment.PollInterval; interval < minPollInterval {
		add("assignment.pollInterval", "use 1s or more; 5m is the default", "%s is too often", interval)
	}
	if size := site.Install.MaxImageSize; size < minImageSize {
		add("install.maxImageSize", "use 1Gi or more; 8Gi is the default, and it can never be changed after the installation", "%s has no room for an image", size)
	}
	if what, remedy := checkDevice(site.Install.Device); what != "" {
		add("install.device", remedy, "%s", what)
	}
	selector := site.Install.DeviceSelector
	for key, text := range map[string]string{"model": selector.Model, "serial": selector.Serial} {
		if text == "" {
			add("install.deviceSelector."+key, "fill it in, or leave the key out", "it is empty, which would be any drive")
		}
	}
	if _, err := path.Match(selector.Model, ""); err != nil {
		add("install.deviceSelector.model", "use * for any text and ? for any letter", "%q is not a pattern", selector.Model)
	}
	oneOf := func(key, value string, words ...string) {
		if !slices.Contains(words, value) {
			add(key, "use "+strings.Join(words, " or "), "%q is not known here", value)
		}
	}
	oneOf("install.deviceSelector.transport", selector.Transport, v1alpha1.DriveTransports()...)
	oneOf("install.after", site.Install.After, "reboot", "poweroff")
	oneOf("logLevel", site.LogLevel, "debug", "info", "warn", "error")
	found = append(found, checkRegistries(site.Registries)...)
	found = append(found, checkOverrides(site.Probe.Overrides)...)
	return append(found, checkDocumented(p, given)...)
}

// checkReference wants a complete reference: a short one would mean a registry that nobody wrote.
// The parser takes "oci:" for a registry with an empty port, so schemes are refused here.
func checkReference(text string) error {
	if strings.Contains(text, "//") {
		return fmt.Errorf("%q is not a reference", text)
	}
	_, err := name.ParseReference(text, name.StrictValidation)
	return err
}

func checkDevice(device string) (what, remedy string) {
	const best = "name it by /dev/disk/by-id/..., as `stylet probe` prints it, or leave the key out to let the probe choose"
	switch {
	case device == "auto":
		return "stylet does not guess drives", best
	case !strings.HasPrefix(device, "/dev/") || path.Clean(device) != device:
		return fmt.Sprintf("%q is not the path of a device", device), best
	}
	return "", ""
}

func checkRegistries(registries []v1alpha1.Registry) v1alpha1.Problems {
	var found v1alpha1.Problems
	for i, r := range registries {
		at := fmt.Sprintf("%s.registries[%d].host", block, i)
		_, err := name.NewRegistry(r.Host, name.StrictValidation)
		switch {
		case r.Host == "":
			found = append(found, v1alpha1.Problem{Path: at, What: "the host is missing", Remedy: "write HOST or HOST:PORT, as in references"})
		case strings.ContainsAny(r.Host, "/@"):
			found = append(found, v1alpha1.Problem{
				Path: at, What: fmt.Sprintf("%q is more than a host", withoutLogin(r.Host)),
				Remedy: "write HOST or HOST:PORT without scheme and path; plainHTTP: true permits http",
			})
		case err != nil:
			found = append(found, v1alpha1.Problem{Path: at, What: err.Error(), Remedy: "write HOST or HOST:PORT, as in references"})
		}
		if (r.Username == "") != (r.Password == "") {
			found = append(found, halfLogin(fmt.Sprintf("%s.registries[%d]", block, i)))
		}
		for j, text := range r.CACerts {
			if _, err := Certificates(text); err != nil {
				found = append(found, v1alpha1.Problem{Path: fmt.Sprintf("%s.registries[%d].caCerts[%d]", block, i, j), What: err.Error(), Remedy: certificateRemedy})
			}
		}
	}
	return found
}

// halfLogin is the problem of a user without a password, or the other way round: nobody would be
// logged in, without a word.
func halfLogin(at string) v1alpha1.Problem {
	return v1alpha1.Problem{Path: at, What: "a login needs username and password", Remedy: "give both, or neither"}
}

// withoutLogin leaves out what may be a password: all before an @, but for a scheme.
func withoutLogin(text string) string {
	i := strings.LastIndex(text, "@")
	if i < 0 {
		return text
	}
	scheme, _, ok := strings.Cut(text, "://")
	if !ok {
		return "..." + text[i:]
	}
	return scheme + "://..." + text[i:]
}

func checkOverrides(overrides []v1alpha1.ProbeOverride) v1alpha1.Problems {
	var found v1alpha1.Problems
	for i, o := range overrides {
		at := fmt.Sprintf("%s.probe.overrides[%d]", block, i)
		if strings.TrimSpace(o.Check) == "" {
			found = append(found, v1alpha1.Problem{Path: at + ".check", What: "the check's code is missing", Remedy: "`stylet probe` prints the codes"})
		}
		if strings.TrimSpace(o.Reason) == "" {
			found = append(found, v1alpha1.Problem{Path: at + ".reason", What: "the reason is missing", Remedy: "say why this host is an exception: it is reported"})
		}
	}
	return found
}
