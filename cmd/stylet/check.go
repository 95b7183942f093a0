package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/net/http/httpproxy"

	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/internal/base/version"
	"github.com/stylet-edge/stylet/internal/network/diagnose"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

const checkNetworkHelp = `Walk the way from this host to what it needs, hop by hop, and say which hop fails
and what to do about it: link, address, route, then for each target dns, connect or
proxy, tls, clock, registry, and range.

The targets are what the user-data names: the profile (after the mapping rules), the
registries, config_url. More can be named as arguments: HOST[:PORT] (up to its TLS
and clock), a URL, or a reference, REGISTRY/REPOSITORY:TAG.

Proxies, authorities, name servers and logins are those of the user-data; without
a proxy there, those of the environment (HTTPS_PROXY, HTTP_PROXY, NO_PROXY). Name
servers of the user-data are asked beside those of this host. Without --user-data
the user-data of this host is read, from the boot medium and from /oem.

  link      something is at the other end of a cable
  address   an address that others can answer to (a DHCP answer came)
  route     a default route, and its gateway answers
  dns       each name server by itself: one that is dead shows beside one that is not
  connect   the target takes a connection (without a proxy)
  proxy     the proxy takes a connection, the login, and the target
  tls       who issued the certificate that came: an inspecting proxy shows here
  clock     this host's clock against that of whoever answers
  registry  it is one, the login is right, the profile is there
  range     a part of a file comes, unchanged: what a download that was cut off needs

A hop behind one that failed is not tried. Nothing of the host is changed, and no
password is shown. Run it as root: the gateway's answer is not known otherwise.

Exit status: 0 everything can be reached, 1 with warnings, 2 a hop failed.`

const checkNetworkExample = `  # on a host that does not get its profile: which hop is it?
  stylet check network

  # before a visit, from a laptop in the store's network
  stylet check network --user-data store-7.yaml

  # something else that the site needs
  stylet check network https://updates.example.com/index.json ntp.example.com:443

  # for a program: the codes of what failed
  stylet check network -o json |
    jq -r '[.host[], .ways[].findings[]] | .[] | select(.verdict == "fail") | .code + " " + .cause'`

// checkTimeout bounds all hops together, unless --timeout says otherwise.
const checkTimeout = 3 * time.Minute

// networkFlags are the flags of `stylet check network`.
type networkFlags struct {
	output   *formFlag
	userData []string
	timeout  time.Duration
}

// newCheckCommand makes `stylet check`.
func newCheckCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "check", Short: "Find out what stands in the way of this host", Args: cobra.NoArgs,
		Long: "Find out what stands in the way of this host.",
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newCheckNetworkCommand())
	return cmd
}

func newCheckNetworkCommand() *cobra.Command {
	flags := networkFlags{output: newFormFlag("text", "json")}
	cmd := &cobra.Command{
		Use:     "network [HOST[:PORT]|URL|REFERENCE]... [--user-data FILE]... [--timeout TIME] [-o text|json]",
		Short:   "Say which hop on the way to the registry fails, and what to do",
		Long:    checkNetworkHelp,
		Example: checkNetworkExample,
		Args:    cobra.ArbitraryArgs,
		RunE:    func(cmd *cobra.Command, args []string) error { return runCheckNetwork(cmd, flags, args) },
	}
	cmd.Flags().VarP(flags.output, "output", "o", "form of the answer")
	cmd.Flags().StringArrayVar(&flags.userData, "user-data", nil, "user-data `FILE` or directory instead of this host's; repeatable")
	cmd.Flags().DurationVar(&flags.timeout, "timeout", checkTimeout, "`TIME` for all hops together, as 90s or 5m; each hop has its own, shorter limit")
	return cmd
}

func runCheckNetwork(cmd *cobra.Command, flags networkFlags, args []string) error {
	if flags.timeout <= 0 {
		return usageError(fmt.Errorf("--timeout must be more than nothing"), cmd.CommandPath())
	}
	read, err := readSite(flags.userData, "/")
	if err != nil {
		return err
	}
	targets, err := networkTargets(read.Site, configURL(flags.userData, "/"), args)
	if err != nil {
		return err
	}
	settings := networkSettings(read.Site)
	settings.Targets = targets
	ctx, cancel := context.WithTimeout(cmd.Context(), flags.timeout)
	defer cancel()
	if out := cmd.ErrOrStderr(); terminalOf(out) != nil {
		waiting := startWaiting(out)
		defer waiting.stop()
		settings.Progress = waiting.show
	}
	report := diagnose.Run(ctx, settings)
	if flags.output.String() == "json" {
		err = writeJSON(cmd.OutOrStdout(), report)
	} else {
		err = report.WriteText(cmd.OutOrStdout())
	}
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return networkExit(report.Verdict())
}

func networkExit(verdict diagnose.Verdict) error {
	switch verdict {
	case diagnose.Fail:
		return fault.Exit(fault.ExitNotFine)
	case diagnose.Warn:
		return fault.Exit(fault.ExitWarn)
	case diagnose.Pass, diagnose.Skipped:
	}
	return nil
}

// networkSettings takes from the user-data what decides about the way.
func networkSettings(s v1alpha1.Site) diagnose.Settings {
	network := s.Site.Network
	settings := diagnose.Settings{
		Root: "/", Registries: s.Registries, CACerts: s.Site.CACerts, UserAgent: "stylet/" + version.Version,
		HTTPProxy: network.HTTPProxy, HTTPSProxy: network.HTTPSProxy, NoProxy: network.NoProxy,
	}
	if network.HTTPProxy == "" && network.HTTPSProxy == "" {
		from := httpproxy.FromEnvironment()
		settings.HTTPProxy, settings.HTTPSProxy = v1alpha1.Secret(from.HTTPProxy), v1alpha1.Secret(from.HTTPSProxy)
		if settings.NoProxy == "" {
			settings.NoProxy = from.NoProxy
		}
	}
	settings.NameServers = append(settings.NameServers, network.Nameserver...)
	for _, i := range network.Interfaces {
		settings.NameServers = append(settings.NameServers, i.Nameserver...)
	}
	return settings
}
