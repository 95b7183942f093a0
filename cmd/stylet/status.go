package main

import (
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/stylet-edge/stylet/internal/agent/localapi"
	"github.com/stylet-edge/stylet/internal/agent/settings"
	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

const statusHelp = `Say whether this host is fine.

The first line is the answer: FINE, WORKING (a change is under way), PROVING (a
new revision is on trial), GOING BACK (its trial failed), WAITING (nothing is
assigned, or something must be read or measured first), or NOT FINE. Then: what
runs, what is wanted, why they differ, and what happens next; then what is refused
here, with the reason.

With --watch the answer stays on the terminal and is kept up to date. Into a pipe
or file it is printed when something changes, of a download or composition each
tenth; with -o json as one line each.

Exit status: 0 fine, or on the way without a problem; 2 not fine, going back, a
step that fails, or an assignment that cannot be read or measured; 69 the agent
does not answer. With --watch 0 when interrupted.`

func newStatusCommand() *cobra.Command {
	output := newFormFlag("text", "json")
	watch := false
	cmd := &cobra.Command{
		Use:     "status [-o text|json] [--watch]",
		Short:   "Say whether this host is fine, what runs, what is wanted, and what is next",
		Long:    statusHelp,
		Example: "  stylet status\n  stylet status --watch\n  stylet status --watch -o json | jq --unbuffered -r .summary\n  stylet status -o json | jq .running",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := localClient()
			if err != nil {
				return err
			}
			if watch {
				return watchStatus(cmd.Context(), client, cmd.OutOrStdout(), cmd.ErrOrStderr(), output.String())
			}
			status, err := client.Status(cmd.Context())
			if err != nil {
				return err
			}
			if err := printStatus(cmd.OutOrStdout(), status, output.String()); err != nil {
				return err
			}
			if !status.Fine {
				return fault.Exit(fault.ExitNotFine)
			}
			return nil
		},
	}
	cmd.Flags().VarP(output, "output", "o", "form of the answer")
	cmd.Flags().BoolVarP(&watch, "watch", "w", false, "keep the answer up to date until interrupted")
	return cmd
}

func localClient() (*localapi.Client, error) {
	s, err := settings.Load(os.Getenv)
	if err != nil {
		return nil, err
	}
	return localapi.NewClient(s.Socket()), nil
}

func printStatus(w io.Writer, s v1alpha1.HostStatus, form string) error {
	if form == "json" {
		return writeJSON(w, s)
	}
	_, _ = fmt.Fprintln(w, s.Summary)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) {
		_, _ = fmt.Fprintf(t, "  %s\t%s\n", name, fmt.Sprintf(format, args...))
	}
	row("running", "%s", describeRunning(s.Running))
	if d := s.Desired; d != nil {
		row("wanted", "%s, revision %s, image %s, from %s", orNone(d.Profile), orNone(d.Revision.Short()), orNone(d.Image.Short()), orNone(d.Source))
		if d.Problem != "" && d.Problem != s.Why {
			row("", "the source did not answer: %s", d.Problem)
			if d.Remedy != "" {
				row("", "what to do: %s", d.Remedy)
			}
		}
	}
	if s.Trial != nil {
		row("trial", "try %d of %d, until %s", s.Trial.Try, s.Trial.MaxTries, s.Trial.Deadline.Format(time.DateTime))
	}
	if s.Work != nil {
		row("step", "%s", describeWork(*s.Work, s.Time))
	}
	if s.Why != "" {
		row("why", "%s", s.Why)
	}
	if s.Next != "" {
		row("next", "%s", s.Next)
	}
	for _, r := range s.Refused {
		row("refused", "%s, revision %s, at %s: %s [%s]", r.Profile, r.Revision.Short(), r.At.Format(time.DateTime), r.Cause, r.Code)
	}
	return t.Flush()
}

func describeRunning(r v1alpha1.RunningStatus) string {
	if r.Image == "" {
		return fmt.Sprintf("the installer's image (%s)", r.Slot)
	}
	state := "not committed"
	if r.Committed {
		state = "committed"
	}
	return fmt.Sprintf("%s, revision %s, image %s (%s, %s)", orNone(r.Profile), orNone(r.Revision.Short()), r.Image.Short(), r.Slot, state)
}

func describeWork(w v1alpha1.WorkStatus, now time.Time) string {
	text := fmt.Sprintf("%s for %s", w.Action, now.Sub(w.Since).Round(time.Second))
	if w.Total > 0 {
		text += fmt.Sprintf(", %d of %d MB (%d%%)", w.Done/1e6, w.Total/1e6, w.Done*100/w.Total)
	}
	if w.Problem != "" {
		text += fmt.Sprintf("; attempt %d failed: %s", w.Attempt, w.Problem)
	}
	return text
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}
