package site

import (
	"context"
	"fmt"
	"net/url"

	"go.yaml.in/yaml/v3"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// follow fetches what config_url names, and what that names in turn. The key goes out of the whole
// with it: the host that gets the Document has all of it, and must neither need the network for it
// nor have Kairos fetch it again at each boot, where a failure says nothing (kairos-sdk v0.25.3,
// collector.fetchRemoteConfig).
func (r *reader) follow(ctx context.Context, fetch Fetch) error {
	seen := map[string]bool{}
	for len(r.problems.Errors()) == 0 {
		named := r.configURL()
		if named == nil {
			return nil
		}
		u, what, remedy := nextAddress(named, seen)
		if what != "" {
			r.problems = append(r.problems, named.place.problem(what, remedy, v1alpha1.CodeValue))
			return nil
		}
		if fetch == nil {
			p := named.place.problem("it was not followed: what it leads to is missing here", "the installation and `stylet apply` follow it", v1alpha1.CodePlanned)
			p.Warning = true
			r.problems = append(r.problems, p)
			return nil
		}
		address := named.scalar.Value
		seen[address] = true
		data, err := fetch(ctx, address)
		if err != nil {
			return fault.Wrap(err, fault.Retry, "site.config-url", "check that this host reaches the address, with the site's proxy and authorities, or take config_url out",
				"fetching the config_url %s (named at %s)", shownAddress(u), named.place)
		}
		r.top = r.top.without(SourceURL)
		r.add(Source{Name: SourceURL, Files: []SourceFile{{Name: shownAddress(u), Data: data}}})
	}
	return nil
}

// configURL gives the address that is to be followed next, nil if there is none.
func (r *reader) configURL() *value {
	if r.top == nil {
		return nil
	}
	named := r.top.get(SourceURL)
	if named == nil || named.isNull() || named.kind == yaml.ScalarNode && named.scalar.Value == "" {
		return nil
	}
	return named
}

// nextAddress gives the address that a config_url names, or what is wrong with it.
func nextAddress(named *value, seen map[string]bool) (u *url.URL, what, remedy string) {
	if named.kind != yaml.ScalarNode || named.scalar.Tag != "!!str" {
		return nil, "it is not the address of user-data: it is no text", "write http:// or https://, host and path"
	}
	u, err := parseAddress(named.scalar.Value)
	switch {
	case err != nil:
		return nil, "it is not the address of user-data: " + err.Error(), "write http:// or https://, host and path"
	case seen[named.scalar.Value]:
		return nil, "it leads back to " + shownAddress(u) + ", which was fetched already", "break the loop"
	case len(seen) == maxFetches:
		return nil, fmt.Sprintf("it is one more than the %d that may follow one another", maxFetches), "name the last one directly"
	}
	return u, "", ""
}
