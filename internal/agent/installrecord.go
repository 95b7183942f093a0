package agent

import (
	"fmt"
	"time"

	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/kairos"
	"github.com/stylet-edge/stylet/internal/site"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// installRecord is what the installer tells others of itself: where it stands, in a file that the console
// reads, and its words. What it quotes of other programs has no secret of the user-data any more.
type installRecord struct {
	runtime *durable.Root
	secrets site.Redactor
	tell    func(format string, args ...any)
	status  v1alpha1.InstallStatus
	mute    bool // the file could not be written, which was said
}

func (i Installer) newRecord() (*installRecord, error) {
	runtime, err := durable.Open(i.RuntimeDir)
	if err != nil {
		return nil, err
	}
	r := &installRecord{runtime: runtime, tell: i.Say}
	r.set(func(s *v1alpha1.InstallStatus) {
		s.SchemaVersion, s.Phase, s.Begun = v1alpha1.InstallStatusSchema, v1alpha1.InstallProbing, time.Now()
		s.Logs = []string{i.logDir()}
	})
	return r, nil
}

// keepFrom takes the secrets of all that was read to be kept from others: of each file, and of what
// config_url has brought.
func (r *installRecord) keepFrom(sources []site.Source, read site.Reading) {
	documents := [][]byte{read.Document}
	for _, source := range sources {
		for _, file := range source.Files {
			documents = append(documents, file.Data)
		}
	}
	r.secrets = site.Secrets(documents...)
}

func (r *installRecord) close() { r.runtime.Close() }

// set changes the status and writes it. An installation does not fail because nobody can watch it.
func (r *installRecord) set(change func(*v1alpha1.InstallStatus)) {
	change(&r.status)
	r.status.Time = time.Now()
	if err := r.runtime.WriteJSON(v1alpha1.InstallStatusFile, r.status); err != nil && !r.mute {
		r.mute = true
		r.tell("the console cannot follow: %v", err)
	}
}

// say tells a person what happens.
func (r *installRecord) say(text string) { r.tell("%s", r.secrets.Redact(text)) }

// fail writes down why the installation ended, and gives the error as it may be printed.
func (r *installRecord) fail(err error) error {
	err = r.redacted(err)
	r.set(func(s *v1alpha1.InstallStatus) {
		s.Phase, s.Next = v1alpha1.InstallFailed, ""
		s.Failure = &v1alpha1.InstallFailure{What: err.Error(), Code: fault.CodeOf(err), Remedy: fault.RemedyOf(err)}
	})
	return err
}

// redacted keeps kind, code and remedy; of an error whose text holds a secret the chain is given up,
// since it could be printed.
func (r *installRecord) redacted(err error) error {
	text := r.secrets.Redact(err.Error())
	if text == err.Error() {
		return err
	}
	return fault.New(fault.KindOf(err), fault.CodeOf(err), r.secrets.Redact(fault.RemedyOf(err)), "%s", text)
}

// follower passes on how far the installation is.
type follower struct {
	record  *installRecord
	device  string
	began   time.Time
	already int64 // what the drive had taken before
	now     kairos.Progress
	since   time.Time // of the step
}

// step notes that one has begun.
func (f *follower) step(p kairos.Progress) {
	f.now, f.since = p, time.Now()
	f.look()
}

// look writes down where the installation stands.
func (f *follower) look() {
	if f.since.IsZero() {
		return
	}
	done, left := estimate(f.now, f.since.Sub(f.began), time.Since(f.since))
	written, err := kairos.Written(f.device)
	f.record.set(func(s *v1alpha1.InstallStatus) {
		s.Step, s.Done, s.Left = f.now.Step, done, v1alpha1.Duration(left.Round(time.Second))
		if err == nil {
			s.Written = written - f.already
		}
	})
}

func (f *follower) say() {
	f.record.say(fmt.Sprintf("%3.0f%%  %s", f.record.status.Done*100, f.now.Step))
}

// estimate says how much of the usual time has passed in a step, and how much is left. How long a step
// takes is told by the steps before it, once they have taken long enough to tell.
func estimate(p kairos.Progress, before, inStep time.Duration) (done float64, left time.Duration) {
	const telling, nearly = 0.1, 0.95
	whole := kairos.UsualInstall
	if p.Done >= telling {
		whole = time.Duration(float64(before) / p.Done)
	}
	step := p.Until - p.Done
	if whole > 0 && step > 0 {
		done = min(inStep.Seconds()/(whole.Seconds()*step), nearly)
	}
	done = p.Done + done*step
	return done, time.Duration(float64(whole) * (1 - done))
}
