package hostconfig

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

const byStylet = "Written by stylet at each boot, from the user-data (site.*): change it there."

// ProxyFile is the environment of every service of the host (internal/agent/setup/units/service.d).
const ProxyFile = "/run/stylet/proxy.env"

// nameFiles make systemd-resolved ask the site's name servers for everything.
func nameFiles(servers v1alpha1.TextList) []File {
	if len(servers) == 0 {
		return nil
	}
	text := fmt.Sprintf("# %s\n[Resolve]\nDNS=%s\nFallbackDNS=\n", byStylet, strings.Join(servers, " "))
	return []File{{Path: "/run/systemd/resolved.conf.d/50-stylet.conf", Content: text, Mode: public}}
}

// timeFiles make systemd-timesyncd ask the site's time servers and no others.
func timeFiles(servers v1alpha1.TextList) []File {
	if len(servers) == 0 {
		return nil
	}
	text := fmt.Sprintf("# %s\n[Time]\nNTP=%s\nFallbackNTP=\n", byStylet, strings.Join(servers, " "))
	return []File{{Path: "/run/systemd/timesyncd.conf.d/50-stylet.conf", Content: text, Mode: public}}
}

// proxyFiles give the proxy to all services, by the file that a drop-in of the image names for them (an
// absent one is no proxy), and to the sessions of people who log in.
func proxyFiles(n v1alpha1.Network) []File {
	variables := proxyVariables(n)
	if len(variables) == 0 {
		return nil
	}
	var env strings.Builder
	for _, v := range variables {
		fmt.Fprintf(&env, "%s=%s\n", v.name, v.value)
	}
	return []File{
		{Path: ProxyFile, Content: env.String(), Mode: secret},
		{Path: "/etc/environment", Content: env.String(), Mode: secret, Added: true}, // read by PAM, which is root
	}
}

type variable struct{ name, value string }

// proxyVariables gives each in both cases: curl reads http_proxy in lower case only, others in upper.
func proxyVariables(n v1alpha1.Network) []variable {
	var out []variable
	add := func(name, value string) {
		if value != "" {
			out = append(out, variable{strings.ToUpper(name), value}, variable{name, value})
		}
	}
	add("http_proxy", proxyURL(n.HTTPProxy))
	add("https_proxy", proxyURL(n.HTTPSProxy))
	if len(out) > 0 {
		add("no_proxy", noProxy(n.NoProxy))
	}
	return out
}

// proxyURL writes the address as a URL is written, so that no character of a password means anything
// to who reads the file.
func proxyURL(text v1alpha1.Secret) string {
	u, err := url.Parse(text.Reveal())
	if err != nil || text == "" {
		return ""
	}
	return u.String()
}

// noProxy is the site's list, and what is never behind a proxy: the host itself.
func noProxy(text string) string {
	list := []string{"localhost", "127.0.0.1", "::1"}
	words := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(", \n\t", r) })
	return strings.Join(append(list, words...), ",")
}
