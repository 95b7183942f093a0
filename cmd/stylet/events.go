package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"
)

func newEventsCommand() *cobra.Command {
	output := newFormFlag("text", "json")
	cmd := &cobra.Command{
		Use:     "events [-o text|json]",
		Short:   "Tell this host's history: what it did, what failed, what it refused",
		Long:    "Tell this host's history, the oldest event first. It survives upgrades and rollbacks.\nWith -o json each event is one line.",
		Example: "  stylet events\n  stylet events -o json | jq -r 'select(.type == \"trial.failed\").message'",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := localClient()
			if err != nil {
				return err
			}
			events, err := client.Events(cmd.Context())
			if err != nil {
				return err
			}
			w := cmd.OutOrStdout()
			encoder := json.NewEncoder(w)
			for _, e := range events {
				if output.String() == "json" {
					err = encoder.Encode(e)
				} else {
					_, err = fmt.Fprintf(w, "%s  %-18s %s  %s\n", e.Time.Format(time.DateTime), e.Type, orNone(e.Revision.Short()), e.Message)
				}
				if err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().VarP(output, "output", "o", "form of the answer")
	return cmd
}
