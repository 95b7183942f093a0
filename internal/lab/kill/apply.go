package kill

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// siteName is the registry's name in this proof: a proxy is never asked for an address of the loopback.
const siteName = "registry.lab"

// Apply gives a machine new user-data: some that is good, which must be in force after its trial; some
// that loses the registry, which must be taken back by itself, in time, and told; and some that needs no
// restart.
func Apply(ctx context.Context, c Config) (err error) {
	l, err := newLab(ctx, c, "apply")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	l.machine.Start(ctx)
	named := ordinary
	named.timeout, named.deadline = "30s", "60s" // before the two minutes that a lost network has: `lab site` waits for these
	named.file = `    - {path: /etc/hosts, content: "127.0.0.1 localhost ` + siteName + `\n"}`
	if err := l.publish(ctx, named); err != nil {
		return err
	}
	runs, err := l.untilAtRest(ctx, "", "")
	if err != nil {
		return err
	}
	good := l.siteData("", "till-7")
	for _, step := range []struct{ what, data, effect, shows, told string }{
		{"good user-data", good, "trial", "hostName: till-7\n", ""},
		{"a proxy that is not there", l.siteData("httpProxy: 'http://till:secret@127.0.0.1:9'", "till-8"), "trial", "hostName: till-7\n", "was taken back"},
		{"the agent's own settings", good + "  logLevel: debug\n", "now", "logLevel: debug\n", ""},
	} {
		if err := l.apply(ctx, step.data, step.effect); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
		leaves := v1alpha1.Digest("")
		if step.effect == "trial" && step.told == "" {
			leaves = runs.Running.Revision
		}
		if runs, err = l.untilAtRest(ctx, leaves, step.told); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
		if err := l.has(ctx, step.shows); err != nil {
			return fmt.Errorf("after %s: %w", step.what, err)
		}
	}
	return nil
}

// siteData is user-data with a name, a time server, and another setting of the network.
func (l *lab) siteData(network, name string) string {
	_, port, _ := strings.Cut(l.throttle.Address, ":")
	return userData(siteName+":"+port) + fmt.Sprintf("  site: {hostName: %s, ntpServers: time.lab, network: {%s}}\n", name, network)
}

// apply applies user-data as a person does, and checks what is promised.
func (l *lab) apply(ctx context.Context, data, effect string) error {
	// What the container has of the host's folders.
	if err := os.WriteFile(filepath.Join(l.machine.LabDir(), "user-data.yaml"), []byte(data), 0o600); err != nil {
		return fmt.Errorf("writing the user-data: %w", err)
	}
	out, err := l.machine.Exec(ctx, "stylet", "apply", "/run/lab/user-data.yaml", "-o", "json")
	if err != nil {
		return err
	}
	var answer struct {
		Effect    string
		AgentTold bool
	}
	if err := json.Unmarshal(out, &answer); err != nil || answer.Effect != effect || !answer.AgentTold {
		return fmt.Errorf("stylet apply says %s, wanted the effect %s (%w)", out, effect, err)
	}
	l.tell("applied: %s", effect)
	return nil
}

// untilAtRest waits until another revision of the newest version runs than the one it leaves ("" for
// any), and nothing is under way or wanted. told is what the status must say then, "" for FINE.
func (l *lab) untilAtRest(ctx context.Context, leaves v1alpha1.Digest, told string) (v1alpha1.HostStatus, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, roadTime, fmt.Errorf("%s does not come to rest", l.title()))
	defer cancel()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	last := ""
	for {
		var s v1alpha1.HostStatus
		if err := l.machine.Err(); err != nil {
			return s, err
		}
		out, err := l.machine.Exec(ctx, "sh", "-c", "stylet status -o json || true")
		if err == nil && json.Unmarshal(out, &s) == nil && s.Summary != last {
			last = s.Summary
			l.tell("%s", last)
		}
		rests := s.Running.Profile == l.title() && s.Running.Committed && s.Work == nil && s.Trial == nil &&
			s.Desired != nil && s.Desired.Revision == s.Running.Revision && s.Running.Revision != leaves
		if rests && s.Fine == (told == "") && strings.Contains(s.Summary, told) {
			return s, nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return s, fmt.Errorf("%w; the last it said: %s", context.Cause(ctx), last)
		}
	}
}

// has checks what the OS has of the user-data.
func (l *lab) has(ctx context.Context, shows string) error {
	for path, want := range map[string]string{
		"/oem/90_custom.yaml": shows,
		"/etc/hostname":       "till-7\n",
		"/run/systemd/timesyncd.conf.d/50-stylet.conf": "NTP=time.lab\n",
	} {
		have, err := l.machine.ReadFile(path)
		if err != nil || !strings.Contains(string(have), want) {
			return fmt.Errorf("%s is %q, wanted %q (%w)", path, have, want, err)
		}
	}
	out, err := l.machine.Exec(ctx, "stylet", "events")
	if err == nil && strings.Contains(string(out), "secret") {
		err = errors.New("the history tells a password")
	}
	return err
}
