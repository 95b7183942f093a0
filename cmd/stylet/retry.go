package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

const retryHelp = `Let this host try again what it refused.

A revision that failed its trial is refused until the profile changes. This verb
forgets the refusal of the revision whose ID begins with REVISION, or all of
them, and lets a step that waits for its next attempt try at once. Only root may
say it.`

func newRetryCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "retry [REVISION]",
		Short:   "Let this host try again what it refused",
		Long:    retryHelp,
		Example: "  sudo stylet retry\n  sudo stylet retry 3f2a",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := localClient()
			if err != nil {
				return err
			}
			prefix := ""
			if len(args) == 1 {
				prefix = args[0]
			}
			forgotten, err := client.Retry(cmd.Context(), prefix)
			if err != nil {
				return err
			}
			w := cmd.OutOrStdout()
			if len(forgotten) == 0 {
				_, err = fmt.Fprintln(w, "nothing was refused; a waiting step is tried now")
			}
			for _, r := range forgotten {
				_, err = fmt.Fprintf(w, "%s (revision %s) may be tried again\n", r.Profile, r.Revision.Short())
			}
			return err
		},
	}
}
