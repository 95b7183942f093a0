package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/stylet-edge/stylet/internal/agent"
	"github.com/stylet-edge/stylet/internal/agent/localapi"
	"github.com/stylet-edge/stylet/internal/agent/settings"
	"github.com/stylet-edge/stylet/internal/agent/userdata"
	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/site"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

const applyHelp = `Give this host new user-data.

FILE is checked as ` + "`stylet validate`" + ` does it, together with what else is on the
OEM partition, and what its config_url leads to is fetched; with a problem
nothing is changed. It then takes the place of the
user-data that the installation brought (/oem/90_custom.yaml). What follows
depends on what differs:

  now        only the agent's settings (assignment, registries, ...): at once
  trial      the host's own (site.*, users, stages, ...): the host restarts with
             the new user-data. If it does not become healthy, or loses the
             registry that it reached before, it goes back by itself: user-data,
             configuration and image together. ` + "`stylet status`" + ` says why.
  next-boot  the same, on a host that runs no revision yet: there is nothing to
             go back to, so it is left to you when to restart

The old user-data is kept for as long as a revision needs it, and
/oem/90_custom.yaml.replaced is what was there before the last change.

With --cidata the user-data is that of the volume labelled cidata (the file
user-data on it): what it adds or changes, over what the host has. At each boot
this is done by itself (stylet-cidata.service) for a volume that is new.

With --dry-run the effect is told and nothing is changed. Only root may apply.

Exit status: 0 it was accepted (or nothing differs), 65 FILE has problems.`

func newApplyCommand() *cobra.Command {
	output := newFormFlag("text", "json")
	dryRun, volume := false, false
	cmd := &cobra.Command{
		Use:     "apply FILE|--cidata [--dry-run] [-o text|json]",
		Short:   "Give this host new user-data, tried like any other change",
		Long:    applyHelp,
		Example: "  stylet apply --dry-run user-data.yaml\n  sudo stylet apply user-data.yaml && stylet status --watch",
		Args: func(_ *cobra.Command, args []string) error {
			if volume && len(args) > 0 || !volume && len(args) != 1 {
				return errors.New("give one file, or --cidata")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if os.Geteuid() != 0 {
				return fault.New(fault.Denied, "apply.denied", "run it with sudo", "only root may change this host")
			}
			s, err := settings.Load(os.Getenv)
			if err != nil {
				return err
			}
			state, err := durable.Open(s.StateDir)
			if err != nil {
				return err
			}
			defer state.Close()
			a := applier{
				store: userdata.Store{OEMDir: s.UserDataDir, State: state}, client: localapi.NewClient(s.Socket()),
				fetch: site.HTTPFetch(http.DefaultClient), dryRun: dryRun,
			}
			answer, err := a.apply(cmd.Context(), args)
			if err != nil {
				return err
			}
			if output.String() == "json" {
				return writeJSON(cmd.OutOrStdout(), answer)
			}
			return answer.write(cmd.OutOrStdout())
		},
	}
	cmd.Flags().VarP(output, "output", "o", "form of the answer")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say what would happen, and change nothing")
	cmd.Flags().BoolVar(&volume, "cidata", false, "apply what the volume labelled cidata says, over what the host has, if it is new")
	return cmd
}

// applied is the answer of apply.
type applied struct {
	Effect   userdata.Effect   `json:"effect"`
	DryRun   bool              `json:"dryRun,omitempty"`
	Agent    bool              `json:"agentTold"`
	Warnings v1alpha1.Problems `json:"warnings,omitempty"`
}

// applier brings user-data to the host it runs on.
type applier struct {
	store  userdata.Store
	client *localapi.Client
	fetch  site.Fetch
	dryRun bool
}

func (a applier) apply(ctx context.Context, files []string) (applied, error) {
	if len(files) == 0 {
		return a.volume(ctx)
	}
	text, err := readBounded(files[0])
	if err != nil {
		return applied{}, fault.Wrap(err, fault.Input, "file.unusable", "check the path", "reading the user-data")
	}
	// By itself first: problems are told at the lines of the file that was named, and config_url is followed
	// once, now.
	source := site.Source{Name: "file", Files: []site.SourceFile{{Name: files[0], Data: text}}}
	read, err := site.Read(ctx, []site.Source{source}, a.fetch)
	if err != nil {
		return applied{}, err
	}
	answer, err := a.bring(ctx, read.Document, nil)
	answer.Warnings = read.Warnings
	return answer, err
}

// volume applies what a cidata volume says, unless it was applied before or there is none.
func (a applier) volume(ctx context.Context) (applied, error) {
	none := applied{Effect: userdata.EffectNone, DryRun: a.dryRun}
	volume, err := agent.CIData(ctx, command.Local{}, "/")
	if err != nil || volume.Name == "" {
		return none, err
	}
	text, err := a.store.FromVolume(ctx, volume, a.fetch)
	if err != nil || text == nil {
		return none, err
	}
	return a.bring(ctx, text, &volume)
}

// bring weighs a text, of a volume if it is one's, and does what it comes to.
func (a applier) bring(ctx context.Context, text []byte, volume *site.Source) (applied, error) {
	status, silent := a.client.Status(ctx)
	if status.Trial != nil {
		return applied{}, fault.New(fault.Wait, "apply.trial", "apply it again when `stylet status` says that it is over",
			"a revision is on trial: what it comes to would not be known")
	}
	effect, _, err := a.store.Weigh(ctx, text, status.Running.Revision != "")
	answer := applied{Effect: effect, DryRun: a.dryRun}
	if err != nil || a.dryRun {
		return answer, err
	}
	if silent != nil && effect == userdata.EffectNextBoot {
		return answer, fault.Wrap(silent, fault.Wait, "apply.no-agent",
			"start it, and apply again: only the agent knows what this host could go back to", "applying the user-data")
	}
	if volume != nil {
		if err := a.store.VolumeApplied(ctx, *volume, text); err != nil {
			return answer, err
		}
	}
	if err := a.store.Bring(ctx, text, effect, volume != nil, time.Now()); err != nil {
		return answer, err
	}
	answer.Agent = a.client.Look(ctx) == nil
	return answer, nil
}

func (a applied) write(w io.Writer) error {
	var problems []error
	say := func(format string, args ...any) {
		_, err := fmt.Fprintf(w, format+"\n", args...)
		problems = append(problems, err)
	}
	for _, warning := range a.Warnings {
		say("%s", warning)
	}
	switch a.Effect {
	case userdata.EffectNone:
		say("nothing differs from what this host has")
	case userdata.EffectNow:
		say("in force: only settings of the agent differ")
	case userdata.EffectNextBoot:
		say("it acts when this host is started anew; there is no revision to go back to")
	case userdata.EffectTrial:
		say("it is tried by a restart, and taken back if the host is not healthy with it: `stylet status --watch` shows it")
	}
	if a.DryRun {
		say("(dry run: nothing was changed)")
	} else if !a.Agent && a.Effect != userdata.EffectNone {
		say("the agent does not answer: it finds the user-data when it starts")
	}
	return errors.Join(problems...)
}
