package road

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/stylet-edge/stylet/internal/lab/authority"
	"github.com/stylet-edge/stylet/internal/lab/proxy"
	"github.com/stylet-edge/stylet/internal/lab/registry"
	"github.com/stylet-edge/stylet/internal/lab/timeserver"
)

const (
	// siteRegistry is the registry's name at the site: nobody but the proxy knows its address.
	siteRegistry = "registry.store.example"
	// gatewayInGuest is where a guest finds this side's loopback.
	gatewayInGuest = "10.0.2.2"
	siteUser       = "till"
	sitePassword   = "open sesame"
)

// siteServices are what stands at a difficult site: a registry with TLS behind a proxy that wants a login
// and inspects, and a time server.
type siteServices struct {
	proxy *proxy.Proxy
	front *registry.Front
	time  *timeserver.Server
}

// startSite starts them, with their files in dir. The proxy's address and authority stay the same there: a
// host that was installed goes on with them when its road is taken up again.
func startSite(ctx context.Context, dir, behind string) (_ *siteServices, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("making the site: %w", err)
	}
	s := &siteServices{}
	defer func() {
		if err != nil {
			s.stop()
		}
	}()
	if s.time, err = timeserver.Start(ctx, filepath.Join(dir, "time")); err != nil {
		return nil, err
	}
	if s.front, err = registry.StartFront(ctx, behind, siteRegistry); err != nil {
		return nil, err
	}
	inspector, err := authority.Kept(filepath.Join(dir, "authority.pem"), proxy.AuthorityName)
	if err != nil {
		return nil, err
	}
	kept := filepath.Join(dir, "proxy-address")
	address, err := os.ReadFile(kept)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("making the site: %w", err)
	}
	s.proxy, err = proxy.Start(ctx, proxy.Options{
		Listen: string(address), User: siteUser, Password: sitePassword, Intercept: true, Authority: inspector,
		Allow: []string{siteRegistry}, Roots: s.front.Roots,
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) { // only the registry is allowed
			return (&net.Dialer{}).DialContext(ctx, network, s.front.Address)
		},
	})
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(kept, []byte(s.proxy.Address()), 0o644); err != nil {
		return nil, fmt.Errorf("making the site: %w", err)
	}
	return s, nil
}

func (s *siteServices) stop() {
	if s.proxy != nil {
		s.proxy.Close()
	}
	if s.front != nil {
		s.front.Stop()
	}
	if s.time != nil {
		s.time.Stop()
	}
}

// userData fills in the template.
func (s *siteServices) userData(template string) (string, error) {
	text, err := os.ReadFile(template)
	if err != nil {
		return "", fmt.Errorf("reading the site's user-data: %w", err)
	}
	_, port, err := net.SplitHostPort(s.proxy.Address())
	if err != nil {
		return "", fmt.Errorf("reading the proxy's address: %w", err)
	}
	inspector := base64.StdEncoding.EncodeToString([]byte(s.proxy.CAPEM()))
	return strings.NewReplacer("@PROXY", "@"+net.JoinHostPort(gatewayInGuest, port), "- CA", "- "+inspector).Replace(string(text)), nil
}
