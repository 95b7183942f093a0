package diagnose

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// maxManifest is the size up to which the OCI distribution specification wants manifests to be accepted.
const maxManifest = 4 << 20

// asking makes requests to a registry that has been logged in to.
type asking struct {
	client *http.Client
	base   string // https://HOST/v2/REPOSITORY
	close  func()
}

// checkRegistry asks for /v2/, follows the login that the registry wants (OCI distribution specification,
// "Determining Support", and the token flow), and reads the manifest, if the target is one.
func checkRegistry(ctx context.Context, j *journey) Finding {
	registry, scopes, err := j.registryName()
	if err != nil {
		return fail("reference", "", "the reference cannot be read", targetRemedy)
	}
	login := authn.Anonymous
	if j.registry.Username != "" {
		login = authn.FromConfig(authn.AuthConfig{Username: j.registry.Username, Password: j.registry.Password.Reveal()})
	}
	guarded, done := j.newGuard()
	j.asked = &asking{close: done}
	logged, err := transport.NewWithContext(ctx, registry, login, transport.NewUserAgent(guarded, j.UserAgent), scopes)
	if err != nil {
		return j.judgeRegistry(err, "/v2/")
	}
	j.asked.client = &http.Client{Transport: logged}
	if j.target.Reference == nil {
		return j.checkLogin(ctx)
	}
	repository := j.target.Reference.Context()
	j.asked.base = fmt.Sprintf("%s://%s/v2/%s", j.target.Scheme, j.target.host(), repository.RepositoryStr())
	return j.checkManifest(ctx)
}

// registryName is the registry as the library wants it, with what it is to be asked for.
func (j *journey) registryName() (name.Registry, []string, error) {
	var options []name.Option
	if j.target.Scheme == "http" {
		options = append(options, name.Insecure)
	}
	registry, err := name.NewRegistry(j.target.host(), options...)
	if err != nil || j.target.Reference == nil {
		return registry, nil, err
	}
	return registry, []string{j.target.Reference.Context().Scope(transport.PullScope)}, nil
}

// newGuard gives what requests go through, and how to end its connections.
func (j *journey) newGuard() (guarded *guard, done func()) {
	others := j.newTransport(&tls.Config{RootCAs: j.all(j.registry), MinVersion: tls.VersionTLS12})
	own := j.newTransport(&tls.Config{
		RootCAs: j.all(j.registry), MinVersion: tls.VersionTLS12,
		InsecureSkipVerify: j.registry.SkipTLSVerify, //nolint:gosec // the site's own word: stylet.registries[].skipTLSVerify
	})
	return &guard{target: j.target, own: own, others: others, plain: j.registry.PlainHTTP}, func() {
		own.CloseIdleConnections()
		others.CloseIdleConnections()
	}
}

// checkLogin asks once more, now with the login.
func (j *journey) checkLogin(ctx context.Context) Finding {
	answer, err := j.asked.get(ctx, fmt.Sprintf("%s://%s/v2/", j.target.Scheme, j.target.host()), nil)
	if err != nil {
		return j.judgeRegistry(err, "/v2/")
	}
	defer answer.Body.Close()
	if err := transport.CheckError(answer, http.StatusOK); err != nil {
		return j.judgeRegistry(err, "/v2/")
	}
	return pass("an OCI registry" + j.loggedIn())
}

func (j *journey) loggedIn() string {
	if j.registry.Username == "" {
		return ", asked without a login"
	}
	return fmt.Sprintf(", with the login of %q", j.registry.Username)
}

// checkManifest reads the target's manifest, and the first one of an index.
func (j *journey) checkManifest(ctx context.Context) Finding {
	what := j.target.Reference.Identifier()
	for range 2 {
		raw, err := j.asked.manifest(ctx, what)
		if err != nil {
			return j.judgeRegistry(err, j.target.Reference.String())
		}
		if err := verify(raw, what); err != nil {
			return fail("changed", "the manifest of "+j.target.Reference.String(), err.Error(), changedRemedy)
		}
		var parsed struct {
			v1.Manifest
			Manifests []v1.Descriptor `json:"manifests"`
		}
		if err := json.Unmarshal(raw, &parsed); err != nil {
			return fail("not-a-manifest", j.target.Reference.String(), "what comes is no manifest", "check that "+j.target.Host+" is an OCI registry")
		}
		if len(parsed.Manifests) == 0 {
			j.manifest = &parsed.Manifest
			return pass(fmt.Sprintf("it has %s%s", shownReference(j.target.Reference), j.loggedIn()))
		}
		what = parsed.Manifests[0].Digest.String()
	}
	return fail("not-a-manifest", j.target.Reference.String(), "it is an index of indexes", "name one of its manifests")
}

// shownReference is a reference without its registry.
func shownReference(ref name.Reference) string {
	separator := ":"
	if _, ok := ref.(name.Digest); ok {
		separator = "@"
	}
	return ref.Context().RepositoryStr() + separator + ref.Identifier()
}

const changedRemedy = "something on the way changes what it lets through: let the proxy leave this host alone (no scanning, no rewriting)"

// verify holds content against the digest that named it; a tag names none.
func verify(raw []byte, digest string) error {
	want, ok := strings.CutPrefix(digest, "sha256:")
	sum := sha256.Sum256(raw)
	if got := hex.EncodeToString(sum[:]); ok && got != want {
		return fmt.Errorf("its digest is sha256:%.12s…, and not the sha256:%.12s… that was asked for", got, want)
	}
	return nil
}

func (a *asking) manifest(ctx context.Context, what string) ([]byte, error) {
	accepted := []string{string(types.OCIManifestSchema1), string(types.OCIImageIndex), string(types.DockerManifestSchema2), string(types.DockerManifestList)}
	answer, err := a.get(ctx, a.base+"/manifests/"+what, http.Header{"Accept": accepted})
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if err := transport.CheckError(answer, http.StatusOK); err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(answer.Body, maxManifest))
}

func (a *asking) get(ctx context.Context, url string, header http.Header) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	for key, values := range header {
		request.Header[key] = slices.Clone(values)
	}
	return a.client.Do(request)
}

// judgeRegistry tells what a registry's errors mean.
func (j *journey) judgeRegistry(err error, asked string) Finding {
	var status *transport.Error
	switch {
	case errors.As(err, &status):
	case strings.Contains(err.Error(), "www-authenticate"):
		return fail("token-server", j.target.host()+" names a token server that is not asked", lastOf(err), "let the registry name its token server by https and a name, not by a private address")
	default:
		return judgeRequest(err, j.target.Host)
	}
	host, code := j.target.Host, status.StatusCode
	measured := fmt.Sprintf("%d %s for %s%s", code, http.StatusText(code), asked, j.loggedIn())
	const keys = "under stylet.registries[]"
	switch {
	case code == http.StatusUnauthorized && j.registry.Username == "":
		return fail("login-missing", measured, "the registry wants a login, and none is set", "set username and password for host "+j.target.host()+" "+keys)
	case code == http.StatusUnauthorized:
		return fail("login-wrong", measured, fmt.Sprintf("the registry does not accept the login of %q", j.registry.Username), "check username and password "+keys)
	case code == http.StatusForbidden:
		return fail("denied", measured, "the registry does not let this host read it", "let "+host+" allow it to be read, or set another username "+keys)
	case code == http.StatusNotFound && asked == "/v2/":
		return fail("not-a-registry", measured, "it answers, but not as an OCI registry", "check host and port; a proxy in front of it must pass /v2/ on")
	case code == http.StatusNotFound:
		return fail("not-found", measured, "the registry does not have it", "check repository and tag, and that it was pushed (`stylet profile push`); some registries say so of what may not be read")
	case code == http.StatusTooManyRequests:
		return fail("busy", measured, "the registry asks to wait", "wait; if it lasts, ask for a higher limit at "+host+", or set a login "+keys)
	}
	return fail("failing", measured, "the registry fails", "look into the log of "+host)
}

// judgeRequest is for requests that had no answer.
func judgeRequest(err error, host string) Finding {
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &certificate):
		return fail("tls", host+" leads to a host that is not trusted", fmt.Sprintf("a certificate issued by %q is not known here", certificate.UnverifiedCertificates[0].Issuer.String()), "put that authority into site.caCerts")
	case isTimeout(err):
		return fail("timeout", host+" does not answer the request in time", "the connection is there, and no answer comes", "look into the log of "+host+", and of the proxy if there is one")
	}
	return fail("no-answer", host+" does not answer the request", lastOf(err), "look into the log of "+host+", and of the proxy if there is one")
}

// lastOf is the innermost text of an error: those around it repeat the URL, in which there may be a token.
func lastOf(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}
