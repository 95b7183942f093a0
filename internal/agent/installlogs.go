package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/internal/kairos"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// The logs of an installation.
const (
	journalLog = "journal.log"      // the installer's words and the kernel's
	kairosLog  = "kairos-agent.log" // the transcript of kairos-agent
	probeTable = "probe.txt"
	probeFacts = "probe.json"
)

// gatherTime bounds the bringing together of the logs, and keepTime each copy of them.
const gatherTime, keepTime = 30 * time.Second, time.Minute

func (i Installer) logDir() string { return filepath.Join(i.RuntimeDir, v1alpha1.InstallLogDir) }

// keepLogs brings the logs together in the live system, without the secrets of the user-data, and to every
// place beside it that outlives the boot. It goes on when the installer itself is to end: that is when
// somebody wants to read them.
func (i Installer) keepLogs(ctx context.Context, r *installRecord, begun bool) {
	ctx = context.WithoutCancel(ctx)
	places := []string{i.logDir()}
	files, err := i.gatherLogs(ctx, r)
	note := func(place string, err error) {
		if err != nil {
			r.say(fmt.Sprintf("the logs could not be kept everywhere: %v", err))
		} else if place != "" {
			places = append(places, place)
		}
	}
	if err != nil {
		note("", err)
	}
	keeper := kairos.LogCopy{Runner: i.Runner, WorkDir: i.logDir(), Files: files}
	device := r.status.Device
	switch {
	case r.status.Phase == v1alpha1.InstallDone:
		note("on the host, "+v1alpha1.InstallLogDir+" in its state directory", bounded(ctx, func(ctx context.Context) error {
			return keeper.ToInstalled(ctx, device, v1alpha1.InstallLogDir)
		}))
	case begun: // a drive that was refused is left alone
		note(keep(ctx, func(ctx context.Context) (string, error) { return keeper.ToFailed(ctx, device) }))
	}
	note(keep(ctx, keeper.ToLogDrive))
	r.set(func(s *v1alpha1.InstallStatus) { s.Logs = places })
	for _, place := range places {
		r.say("logs: " + place)
	}
}

func keep(ctx context.Context, copying func(context.Context) (string, error)) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, keepTime)
	defer cancel()
	return copying(ctx)
}

func bounded(ctx context.Context, copying func(context.Context) error) error {
	_, err := keep(ctx, func(ctx context.Context) (string, error) { return "", copying(ctx) })
	return err
}

// gatherLogs asks the journal, and takes the secrets out of every log, where it lies too.
func (i Installer) gatherLogs(ctx context.Context, r *installRecord) (map[string][]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, gatherTime)
	defer cancel()
	dir, err := durable.Open(i.logDir())
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	_, failed := i.Runner.Run(ctx, command.Spec{
		Name: "install-journal", Transcript: dir.Path(journalLog), Timeout: gatherTime,
		Argv: []string{
			"journalctl", "--boot", "--no-pager", "--output=short-precise",
			"_SYSTEMD_UNIT=stylet-install.service", "+", "_TRANSPORT=kernel",
		},
	})
	files := map[string][]byte{}
	errs := []error{failed}
	for _, name := range []string{journalLog, kairosLog, probeTable, probeFacts} {
		data, err := dir.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it did not get so far
		}
		if err == nil {
			files[name] = []byte(r.secrets.Redact(string(data)))
			err = dir.WriteFile(name, files[name], 0o600)
		}
		errs = append(errs, err)
	}
	status, err := json.MarshalIndent(r.status, "", "  ")
	files[v1alpha1.InstallStatusFile] = append(status, '\n')
	return files, errors.Join(append(errs, err)...)
}

// keepProbe leaves the probe's report among the logs.
func (i Installer) keepProbe(table string, report any) error {
	dir, err := durable.Open(i.logDir())
	if err != nil {
		return err
	}
	defer dir.Close()
	return errors.Join(dir.WriteFile(probeTable, []byte(table), 0o600), dir.WriteJSON(probeFacts, report))
}
