package road

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/stylet-edge/stylet/internal/lab/host"
	"github.com/stylet-edge/stylet/internal/lab/phase"
	"github.com/stylet-edge/stylet/internal/lab/qemu"
	"github.com/stylet-edge/stylet/internal/lab/registry"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Site is the road of a host at a difficult site. The machine needs Options.Site.
func (r *Road) Site() []phase.Phase {
	return []phase.Phase{
		{Name: "site-install", Shows: "an ISO with a site's user-data installs a machine", Expected: 7 * time.Minute, Run: r.install},
		{Name: "site-first-boot", Shows: "static address, proxy, authorities, time server, name and users are those of the user-data", Expected: 4 * time.Minute, Run: r.siteFirstBoot},
		{Name: "site-v1", Shows: "agent and content go through the proxy that inspects; the composed system has the site's properties", Expected: 15 * time.Minute, Run: r.siteV1},
		{Name: "site-lost", Shows: "a network that loses the registry is taken back by itself, in time, and told", Expected: 12 * time.Minute, Run: r.siteLost},
	}
}

// openSite starts the site's services, and makes its ISO. A fresh site has another proxy.
func (r *Road) openSite(ctx context.Context, fresh bool) (iso string, err error) {
	dir := filepath.Join(r.dir, "site")
	if fresh {
		if err := host.EmptyDir(dir); err != nil {
			return "", err
		}
	}
	if r.site, err = startSite(ctx, dir, r.registry.Address); err != nil {
		return "", err
	}
	text, err := r.site.userData(filepath.Join(r.in.Repo, "testdata", "site", "user-data.yaml"))
	if err != nil {
		return "", err
	}
	file, iso := filepath.Join(dir, "user-data.yaml"), filepath.Join(dir, "installer.iso")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return "", fmt.Errorf("writing the site's user-data: %w", err)
	}
	_, err = r.stylet(ctx, "iso", "build", "--from", r.in.release(), "--user-data", file, "--out", iso)
	return iso, err
}

// property is what a host at the site must show.
type property struct{ what, command, want string }

// properties are what the user-data says, as the OS shows it.
func properties() []property {
	return []property{
		{"the static address", "ip -4 -o addr show enp0s4", `inet 10\.0\.2\.77/24`},
		{"no address by DHCP", "ip -4 -o addr show | grep -c 10.0.2.15 || true", `^0$`},
		{"the way out", "ip route show default", `default via 10\.0\.2\.2 dev enp0s4`},
		{"the name server", "resolvectl dns enp0s4", `10\.0\.2\.99`},
		{"the host name", "hostname; cat /etc/hostname", `^till-7\ntill-7$`},
		{"the user", "id technician", `\(adm\)`},
		{
			"the time server", "n=0; until [ -e /run/systemd/timesync/synchronized ] || [ $n = 60 ]; do n=$((n+1)); sleep 1; done; " +
				"timedatectl show-timesync -p ServerAddress --value; timedatectl show -p NTPSynchronized --value", `^10\.0\.2\.2\nyes$`,
		},
		{"the proxy and its authority, for a person who logged in", "curl -sS -o /dev/null -w '%{http_code} %{ssl_verify_result}' https://" + siteRegistry + "/v2/", `^200 0$`},
		{"the proxy, for services", "systemctl show stylet-agent -p EnvironmentFiles", `/run/stylet/proxy\.env`},
		{"no password in what everybody may ask", "systemctl show stylet-agent systemd-timesyncd | grep -c sesame || true", `^0$`},
		{"no password in what everybody may read", "su -s /bin/sh nobody -c 'grep -rls sesame /run/stylet /run/systemd /etc/environment /etc/profile.d /oem 2>/dev/null' | wc -l", `^0$`},
		{"its way, hop by hop", "stylet check network; true", `(?i)inspect`},
	}
}

func (r *Road) show(ctx context.Context, list []property) error {
	var errs []error
	for _, p := range list {
		out, err := r.host.Output(ctx, p.command)
		if out = strings.TrimSpace(out); err == nil && !regexp.MustCompile(p.want).MatchString(out) {
			err = fmt.Errorf("%q, wanted %s", out, p.want)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s (%s): %w", p.what, p.command, err))
			continue
		}
		r.report.Say("%s: %s", p.what, strings.ReplaceAll(shortened(out), "\n", " | "))
	}
	return errors.Join(errs...)
}

// shortened keeps what a report has room for.
func shortened(text string) string {
	const most = 160
	if len(text) > most {
		return text[:most] + "..."
	}
	return text
}

// siteFirstBoot is the installer's own system, with nothing in the registry yet.
func (r *Road) siteFirstBoot(ctx context.Context) error {
	if err := r.firstBoot(ctx); err != nil {
		return err
	}
	if err := r.show(ctx, properties()); err != nil {
		return err
	}
	status, err := r.status(ctx)
	if err == nil && (status.Host.ID == "" || status.Host.HostName != "till-7" || status.Host.Tags["city"] != "Bern") {
		err = fmt.Errorf("the status says of the host: %+v", status.Host)
	}
	return err
}

// siteV1 fetches the profile through the proxy.
func (r *Road) siteV1(ctx context.Context) error {
	mark := r.registry.Mark()
	if err := r.upgrade(ctx, "v1", "1.0.0"); err != nil {
		return err
	}
	served := int64(0)
	for _, bytes := range registry.BlobBytes(r.registry.Since(mark)) {
		served += bytes
	}
	passed := int64(0)
	for _, a := range r.site.proxy.Log() {
		if a.Method != http.MethodConnect || !a.Authorized || !a.Allowed || a.Host != siteRegistry+":443" {
			r.report.Say("the proxy refused %s %s (login %t, allowed %t)", a.Method, a.Host, a.Authorized, a.Allowed)
			continue
		}
		passed += a.Bytes
	}
	r.report.Say("content: %d bytes served, %d bytes came through the proxy", served, passed)
	if served == 0 || passed < served {
		return fmt.Errorf("%d bytes were served, and %d came through the proxy", served, passed)
	}
	if err := r.show(ctx, append(properties(), property{
		"the card's own address", "cat /run/systemd/network/50-stylet-enp0s4.network", `PermanentMACAddress=52:54:00`,
	})); err != nil {
		return err
	}
	return r.checkpoint(ctx, "site-v1")
}

// lostLimit bounds the trial of a network that loses the registry: two minutes of patience, and the boots
// of an emulated machine.
const lostLimit = 9 * time.Minute

// siteLost applies a network without a way out.
func (r *Road) siteLost(ctx context.Context) error {
	if err := r.ensureOn(ctx, "lost"); err != nil {
		return err
	}
	if _, err := r.await(ctx, commitLimit, committed("1.0.0")); err != nil {
		return err
	}
	out, err := r.host.Output(ctx, "sed 's/ipAddress: 10.0.2.77/ipAddress: 192.0.2.7/; s/gateway: 10.0.2.2$/gateway: 192.0.2.1/' /oem/90_custom.yaml >/run/lost.yaml && "+
		"grep -c '192.0.2' /run/lost.yaml && stylet apply /run/lost.yaml")
	if err != nil {
		return err
	}
	if !strings.HasPrefix(out, "2\n") || !strings.Contains(out, "tried by a restart") {
		return fmt.Errorf("stylet apply said %q", out)
	}
	if err := r.watch(ctx, qemu.Reboot); err != nil {
		return fmt.Errorf("restarting for the trial: %w", err)
	}
	if err := r.boot(ctx, "lost"); err != nil {
		return err
	}
	begun := time.Now()
	limited, cancel := context.WithTimeoutCause(ctx, lostLimit, fmt.Errorf("it did not go back within %s", lostLimit))
	defer cancel()
	if err := r.ends(limited, qemu.Reboot); err != nil {
		return fmt.Errorf("going back: %w", err)
	}
	r.report.Say("the wrong network was given up %s after its power-on", time.Since(begun).Round(time.Second))
	if err := r.boot(ctx, "back"); err != nil {
		return err
	}
	status, err := r.await(ctx, commitLimit, func(s v1alpha1.HostStatus) string {
		switch {
		case !strings.Contains(s.Summary, "was taken back"):
			return "it says nothing of the user-data: " + s.Summary
		case s.Running.Profile != "store 1.0.0" || !s.Running.Committed || s.Desired == nil || s.Desired.Revision != s.Running.Revision:
			return "it does not run what it ran"
		case s.Desired.Problem != "":
			return "the registry is not reached: " + s.Desired.Problem
		}
		return ""
	})
	if err != nil {
		return err
	}
	r.report.Say("status: %s", status.Summary)
	if strings.Contains(status.Summary, "sesame") {
		return errors.New("the status tells a password")
	}
	return r.show(ctx, properties())
}
