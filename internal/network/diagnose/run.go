package diagnose

import (
	"context"
	"crypto/x509"
	"net"
	"net/netip"
	"net/url"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// hop is one hop on the way to a target.
type hop struct {
	code string
	// limit is the longest that it may take, in all.
	limit time.Duration
	// check measures. A Finding without a verdict says that the way has no such hop.
	check func(context.Context, *journey) Finding
	// anyway says that it is tried after this cause of a failure, too.
	anyway func(cause string) bool
}

// hops are those behind the host's own, in order.
func hops() []hop {
	return []hop{
		{code: CodeDNS, limit: 10 * time.Second, check: checkDNS},
		{code: CodeConnect, limit: 10 * time.Second, check: checkConnect},
		{code: CodeProxy, limit: 20 * time.Second, check: checkProxy},
		{code: CodeTLS, limit: 15 * time.Second, check: checkTLS},
		// A certificate that is not valid now: the clock may be the reason.
		{code: CodeClock, limit: 15 * time.Second, check: checkClock, anyway: isTimeCause},
		{code: CodeRegistry, limit: 30 * time.Second, check: checkRegistry},
		{code: CodeRange, limit: 30 * time.Second, check: checkRange},
		{code: CodeURL, limit: 20 * time.Second, check: checkURL},
	}
}

// journey is the way to one target, with what the hops so far have found.
type journey struct {
	Settings
	target   Target
	registry v1alpha1.Registry
	// via is the proxy, nil for the direct way.
	via *url.URL
	// servers are the name servers; answering those that gave an answer.
	servers, answering []nameServer
	// addresses are those of the target, or of the proxy if there is one.
	addresses []netip.Addr
	// conn reaches the target, through the proxy if there is one; nil before.
	conn net.Conn
	// leaf is the certificate that the target showed, nil without TLS.
	leaf *x509.Certificate
	// manifest is the target's, nil before; asked makes requests with the registry's answer to the login.
	manifest *v1.Manifest
	asked    *asking
}

// Run walks the ways. It always gives a report: what ctx leaves no time for fails with the cause no-time.
func Run(ctx context.Context, s Settings) Report {
	if s.Progress == nil {
		s.Progress = func(Step) {}
	}
	host, blocked := walkHost(ctx, s)
	report := Report{Host: host}
	servers := nameServers(s)
	for _, target := range s.Targets {
		report.Ways = append(report.Ways, walk(ctx, s, target, servers, blocked))
	}
	return report
}

// walk goes to one target; blocked is the code of the host's hop that failed.
func walk(ctx context.Context, s Settings, target Target, servers []nameServer, blocked string) Way {
	j := &journey{Settings: s, target: target, servers: servers}
	if target.Registry || target.URL == nil {
		j.registry = s.registryOf(target)
		j.target.Registry = target.Registry || j.registry.Host != ""
	}
	if j.registry.PlainHTTP && !j.registry.SkipTLSVerify && target.URL == nil {
		j.target = j.target.withoutTLS()
	}
	if target.isLocal() {
		blocked = ""
	}
	way := Way{Target: target.Name, Why: target.Why}
	via, err := s.proxyOf(j.target.root())
	switch {
	case err != nil:
		f := fail("address", "", err.Error(), "write http://[USER:PASSWORD@]HOST:PORT into site.network.httpsProxy or httpProxy")
		f.Code = CodeProxy
		way.Findings = []Finding{f}
		return way
	case via != nil:
		j.via, way.Proxy = via, shownProxy(via)
	}
	defer j.hangUp()
	way.Findings = j.walk(ctx, blocked)
	return way
}

func (j *journey) walk(ctx context.Context, blocked string) []Finding {
	var findings []Finding
	cause := ""
	for _, h := range hops() {
		if !j.has(h.code) {
			continue
		}
		if blocked != "" && (h.anyway == nil || !h.anyway(cause)) {
			f := skip(blocked)
			f.Code = h.code
			findings = append(findings, f)
			continue
		}
		f := j.try(ctx, h)
		if f.Verdict == Fail && blocked == "" {
			blocked, cause = h.code, f.Cause
		}
		findings = append(findings, f)
	}
	return findings
}

func (j *journey) try(ctx context.Context, h hop) Finding {
	began := time.Now()
	if ctx.Err() != nil {
		f := fail("no-time", "", "the time for all hops was used up before this one", "give it more with --timeout, or name fewer targets")
		f.Code = h.code
		return f
	}
	j.Progress(Step{Code: h.code, Target: j.target.Name})
	ctx, cancel := context.WithTimeout(ctx, h.limit)
	defer cancel()
	f := h.check(ctx, j).took(began)
	f.Code = h.code
	return f
}

// has tells whether the way has such a hop at all.
func (j *journey) has(code string) bool {
	switch code {
	case CodeConnect:
		return j.via == nil
	case CodeProxy:
		return j.via != nil
	case CodeTLS:
		return j.target.Scheme == "https"
	case CodeRegistry:
		return j.target.Registry
	case CodeRange:
		return j.target.Reference != nil
	case CodeURL:
		return j.target.URL != nil
	}
	return true
}

// hangUp ends what was opened.
func (j *journey) hangUp() {
	if j.conn != nil {
		j.conn.Close()
	}
	if j.asked != nil {
		j.asked.close()
	}
}
