package site

import (
	"fmt"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Limits of the documented schema.
const (
	maxHostID = 128
	// notInHostID are the characters that a host ID must not have.
	notInHostID = `/?#&+%,$~!@*(){}|=;:<>'.^"` + " \t\n"
	maxPort     = 65535
	dayForm     = "2006-01-02"
)

var (
	idPrefix = regexp.MustCompile(`^[A-Za-z0-9-]+$`)
	// hostName is RFC 1123's, as Kubernetes wants names of nodes.
	hostName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?){0,9}$`)
	// userName is what useradd of Debian and openSUSE accepts.
	userName = regexp.MustCompile(`^[a-z_][a-z0-9_-]{0,31}$`)
)

// checker collects problems with the values of one block.
type checker struct {
	block string
	given keys
	found v1alpha1.Problems
}

// add complains about a key that was given.
func (c *checker) add(key, remedy, format string, args ...any) {
	at := c.block + "." + key
	if c.block == documented && c.given.Text(at) == "" && c.given.IsText(at) {
		return // the documented default of text is the empty one
	}
	if c.given.Has(at) {
		c.found = append(c.found, v1alpha1.Problem{Path: at, What: fmt.Sprintf(format, args...), Remedy: remedy})
	}
}

// missing complains about a key that is not there, at what is around it.
func (c *checker) missing(around, key, remedy string) {
	if at := c.block + "." + around; c.given.Has(at) {
		c.found = append(c.found, v1alpha1.Problem{Path: at + "." + key, What: "it is missing", Remedy: remedy})
	}
}

func (c *checker) oneOf(key, value string, words ...string) {
	if !slices.Contains(words, value) {
		c.add(key, "use "+strings.Join(words, " or "), "%q is not known here", value)
	}
}

func (c *checker) port(key string, port int) {
	if port < 0 || port > maxPort {
		c.add(key, "use 1 to 65535", "%d is not a port", port)
	}
}

// checkDocumented checks the values of the documented keys.
func checkDocumented(p part, given keys) v1alpha1.Problems {
	c := &checker{block: p.block, given: given}
	c.oneOf("managementMode", p.site.ManagementMode, "central", "local")
	c.oneOf("installationMode", p.site.InstallationMode, "connected", "airgap")
	c.port("localUI.port", p.site.LocalUI.Port)
	c.port("emcServer.port", p.site.EMC.Port)
	c.port("imageRedirectWebhook.port", p.site.Redirect.Port)
	for key, n := range map[string]int{
		"localUI.login.attemptsBeforeExponentialDelayStarts": p.site.LocalUI.Login.AttemptsBeforeDelay,
		"localUI.login.maxFailedAttemptsBeforeLockout":       p.site.LocalUI.Login.MaxFailedAttempts,
		"localUI.login.lockoutDurationInMinutes":             p.site.LocalUI.Login.LockoutMinutes,
		"site.tagsFromScript.timeout":                        p.site.Site.TagsFromScript.Timeout,
	} {
		if n < 1 {
			c.add(key, "use 1 or more", "%d is too little", n)
		}
	}
	c.registryValues("registryCredentials", p.site.RegistryCredentials)
	for i, r := range p.site.ExternalRegistries.Registries {
		at := fmt.Sprintf("externalRegistries.registries[%d]", i)
		c.registryValues(at, r)
		c.registry(at, r) // nothing of an item can stand elsewhere
	}
	c.place(p.site.Site)
	c.network(p.site.Site.Network)
	return c.found
}

func (c *checker) registryValues(at string, r v1alpha1.ExternalRegistry) {
	host, _, _ := strings.Cut(r.Domain, "/")
	if _, err := name.NewRegistry(host, name.StrictValidation); r.Domain != "" && (err != nil || strings.Contains(r.Domain, "://")) {
		c.add(at+".domain", "write HOST or HOST:PORT without a scheme; insecure: true permits http", "%q is not a registry", withoutLogin(r.Domain))
	}
	for i, text := range r.Certificates {
		c.certificate(fmt.Sprintf("%s.certificates[%d]", at, i), text)
	}
}

const certificateRemedy = "paste the certificate with its BEGIN and END lines below a |, or its base64"

func (c *checker) certificate(key, text string) {
	if _, err := Certificates(text); err != nil {
		c.add(key, certificateRemedy, "%v", err)
	}
}

func (c *checker) place(p v1alpha1.Place) {
	switch {
	case p.Name == "$random":
	case len(p.Name) > maxHostID:
		c.add("site.name", fmt.Sprintf("use at most %d characters", maxHostID), "a host ID of %d characters is too long", len(p.Name))
	case strings.ContainsAny(p.Name, notInHostID):
		c.add("site.name", "use letters, digits, - and _", "%q has a character that a host ID must not have", p.Name)
	}
	if !idPrefix.MatchString(p.Prefix) {
		c.add("site.prefix", "use letters, digits and -", "%q cannot begin a host ID", p.Prefix)
	}
	if !hostName.MatchString(p.HostName) {
		c.add("site.hostName", "use lower-case letters, digits, - and dots", "%q is not a host name (RFC 1123)", p.HostName)
	}
	for i, d := range p.DeviceUIDPaths {
		at := fmt.Sprintf("site.deviceUIDPaths[%d]", i)
		switch {
		case d.Name == "":
			c.missing(at, "name", "write the absolute path of a file")
		case !path.IsAbs(d.Name):
			c.add(at+".name", "write the absolute path of a file", "%q is not one", d.Name)
		}
		if _, err := regexp.Compile(d.Regex); err != nil {
			c.add(at+".regex", "write an RE2 expression", "%v", err)
		}
	}
	for i, text := range p.CACerts {
		c.certificate(fmt.Sprintf("site.caCerts[%d]", i), text)
	}
	for _, address := range []struct{ key, value string }{{"site.paletteEndpoint", p.PaletteEndpoint}, {"site.registrationURL", p.RegistrationURL}} {
		text := address.value
		if !strings.Contains(text, "://") {
			text = "//" + text
		}
		if u, err := url.Parse(text); err != nil || u.Host == "" {
			c.add(address.key, "write an address such as hub.example or https://hub.example", "%q is not an address", withoutLogin(address.value))
		}
	}
	for i, u := range p.Users {
		c.user(fmt.Sprintf("site.users[%d]", i), u)
	}
}

func (c *checker) user(at string, u v1alpha1.OSUser) {
	switch {
	case u.Name == "":
		c.missing(at, "name", "name the user")
	case !userName.MatchString(u.Name):
		c.add(at+".name", "use lower-case letters, digits, - and _, a letter first, 32 at most", "%q is not a user's name", u.Name)
	}
	for _, group := range u.Groups {
		if !userName.MatchString(group) {
			c.add(at+".groups", "use lower-case letters, digits, - and _, a letter first, 32 at most", "%q is not a group's name", group)
		}
	}
	// Kairos writes a day that is not quoted as a time.
	if _, err := time.Parse(dayForm, strings.TrimSuffix(u.PasswordExpiry, "T00:00:00Z")); err != nil {
		c.add(at+".passwordExpiry", "write YYYY-MM-DD", "%q is not a day", u.PasswordExpiry)
	}
	for i, key := range u.SSHAuthorizedKeys {
		if fields := strings.Fields(key); len(fields) < 2 || strings.Contains(key, "\n") {
			c.add(fmt.Sprintf("%s.ssh_authorized_keys[%d]", at, i), "paste the line of the .pub file", "it is not a public key of SSH")
		}
	}
}
