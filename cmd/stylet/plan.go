package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

const planHelp = `Show what this host is about to do, and why.

The plan is the difference between what runs and what is wanted: the class of
the change (what it costs), and its steps in order. No difference means no step.`

func newPlanCommand() *cobra.Command {
	output := newFormFlag("text", "json")
	cmd := &cobra.Command{
		Use:     "plan [-o text|json]",
		Short:   "Show what this host is about to do, and why",
		Long:    planHelp,
		Example: "  stylet plan\n  stylet plan -o json | jq -r '.steps[].action'",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := localClient()
			if err != nil {
				return err
			}
			plan, err := client.Plan(cmd.Context())
			if err != nil {
				return err
			}
			w := cmd.OutOrStdout()
			if output.String() == "json" {
				return writeJSON(w, plan)
			}
			if plan.Empty() {
				_, err := fmt.Fprintf(w, "nothing to do: %s\n", plan.Why)
				return err
			}
			_, err = fmt.Fprintf(w, "%s: %s -> %s (%s)\n", plan.Class, orNone(plan.From.ID().Short()), plan.Target.Revision.ID().Short(), plan.Target.Profile.Title())
			_, _ = fmt.Fprintf(w, "  why: %s\n", plan.Why)
			for i, step := range plan.Steps {
				_, _ = fmt.Fprintf(w, "  %d. %s\n", i+1, step.Action)
			}
			return err
		},
	}
	cmd.Flags().VarP(output, "output", "o", "form of the answer")
	return cmd
}
