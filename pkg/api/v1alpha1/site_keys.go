package v1alpha1

// KeyState says what a key of the user-data does in this release.
type KeyState string

// The states of a key.
const (
	// KeyEffective keys do what they say.
	KeyEffective KeyState = "effective"
	// KeyPlanned keys are understood and checked, and without effect yet: a warning says when.
	KeyPlanned KeyState = "planned"
	// KeyDeprecated keys do what they did; a warning names the key to use instead.
	KeyDeprecated KeyState = "deprecated"
	// KeyIgnored keys never will have an effect; a warning says why.
	KeyIgnored KeyState = "ignored"
	// KeyUnsupported keys are an error: a host that left them out would do something else than meant.
	KeyUnsupported KeyState = "unsupported"
)

// SiteKey documents one key of the user-data. docs/user-data.md, the JSON schema, the starter file
// and the warnings of `stylet validate` are made of these.
type SiteKey struct {
	// Path below the block, with [] for items of a list and * for names of the site's own.
	Path    string
	Default string // as it would be written; "" for none
	Effect  string // in one sentence, without its end
	Since   string // the release that first understood it
	State   KeyState
	// Note completes the warning or the error: when the key will have an effect, or what to use instead.
	Note string
	// Ours marks the keys of `stylet:` that `stylus:` has not.
	Ours bool
}

// The words for "later" of keys that have no effect yet.
const (
	withHub      = "it takes effect with central management, which comes with the hub"
	withCluster  = "it takes effect with clusters, which come with a later release"
	withPage     = "it takes effect with the host's own page, which comes with a later release"
	sinceFirst   = "0.1"
	sinceSchema  = "0.2"
	laterPalette = "hosts are managed by stylet's own hub; this is understood so that files need no change"
)

func ours(path, def, effect, since string) SiteKey {
	return SiteKey{Path: path, Default: def, Effect: effect, Since: since, State: KeyEffective, Ours: true}
}

func documented(path, def, effect string, state KeyState, note string) SiteKey {
	return SiteKey{Path: path, Default: def, Effect: effect, Since: sinceSchema, State: state, Note: note}
}

// SiteKeys are all keys, in the order of the documentation.
func SiteKeys() []SiteKey {
	return append(ourKeys(), append(documentedKeys(), placeKeys()...)...)
}

func ourKeys() []SiteKey {
	return []SiteKey{
		ours("assignment.profile", "", "the profile that the host follows: `REGISTRY/REPOSITORY:TAG`, or `@sha256:…` for exactly one; without it the host waits", sinceFirst),
		ours("assignment.pollInterval", "5m", "how often the tag is asked for again; at least 1s", sinceFirst),
		ours("registries[].host", "", "the registry that the next key is about, as written in references: HOST or HOST:PORT", sinceFirst),
		ours("registries[].plainHTTP", "false", "permits http without TLS; content is still verified by digest, but a tag can then be answered by anyone on the path", sinceFirst),
		ours("registries[].skipTLSVerify", "false", "permits https whose certificate is not verified, with the same consequence", sinceSchema),
		ours("registries[].username", "", "the user to log in as", sinceSchema),
		ours("registries[].password", "", "the user's password", sinceSchema),
		ours("registries[].caCerts[]", "", "authorities for this registry beside the system's: PEM, or base64 of PEM", sinceSchema),
		ours("install.device", "the probe's choice", "the drive to install on, best below /dev/disk/by-id", sinceFirst),
		ours("install.deviceSelector.model", "", "instead of device: a pattern (* and ?) for the drive's whole model name, in any case", sinceSchema),
		ours("install.deviceSelector.serial", "", "the drive's serial number", sinceSchema),
		ours("install.deviceSelector.transport", "", "how the drive is connected: nvme, ata, scsi, virtio, mmc, sd, usb or xen; sd and usb are taken only if named here", sinceSchema),
		ours("install.deviceSelector.minSize", "", "the smallest size that is meant", sinceSchema),
		ours("install.deviceSelector.maxSize", "", "the largest size that is meant", sinceSchema),
		ours("install.maxImageSize", "8Gi", "the largest image the disk layout has room for; it can never be changed after the installation", sinceFirst),
		ours("install.force", "false", "permits overwriting an existing installation", sinceFirst),
		ours("install.after", "reboot", "what follows the installation: reboot or poweroff", sinceFirst),
		ours("probe.overrides[].check", "", "a check of `stylet probe` whose failure becomes a warning", sinceFirst),
		ours("probe.overrides[].reason", "", "why; required, recorded and reported", sinceFirst),
		ours("logLevel", "info", "what the agent logs: debug, info, warn or error; wins over the configuration file, not over STYLET_LOG_LEVEL or --log-level", sinceFirst),
	}
}

func documentedKeys() []SiteKey {
	return []SiteKey{
		documented("debug", "false", "logLevel debug, if logLevel is not given", KeyEffective, ""),
		documented("trace", "false", "as debug: there is no finer level", KeyEffective, ""),
		documented("path", "/", "the root of an agent on an existing OS; only / is possible", KeyUnsupported, "an agent on an existing OS is not supported yet: stylet is installed from its ISO"),
		documented("managementMode", "central", "who manages the host: central (a hub) or local (the site)", KeyPlanned, withHub),
		documented("installationMode", "", "the old name of managementMode: connected is central, airgap is local", KeyDeprecated, "use managementMode: central or local"),
		documented("featureGate", "", "switches of the original, separated by commas", KeyIgnored, "stylet has no feature gates"),
		documented("enableMultiNode", "false", "permits clusters of several hosts that are managed on site", KeyPlanned, withCluster),
		documented("disablePasswordUpdate", "false", "no password is changed on the host's page", KeyPlanned, withPage),
		documented("disableTui", "false", "nothing: the console shows and never asks", KeyIgnored, "leave it out: the console shows and never asks"),
		documented("includeTui", "false", "nothing: the console is always there", KeyIgnored, "leave it out: the console is always there"),
		documented("localUI.port", "5080", "the port of the host's page", KeyPlanned, withPage),
		documented("localUI.login.disableRateLimiting", "false", "failed logins are not slowed down", KeyPlanned, withPage),
		documented("localUI.login.attemptsBeforeExponentialDelayStarts", "3", "failed logins before each takes twice as long as the last", KeyPlanned, withPage),
		documented("localUI.login.maxFailedAttemptsBeforeLockout", "5", "failed logins before nobody is let in for a while", KeyPlanned, withPage),
		documented("localUI.login.lockoutDurationInMinutes", "15", "how long that is", KeyPlanned, withPage),
		documented("emcServer.port", "", "the old name of localUI.port", KeyDeprecated, "use localUI.port"),
		documented("vip.skip", "false", "no virtual address is set up for the Kubernetes API", KeyPlanned, withCluster),
		documented("skipKubeVip", "false", "the old name of vip.skip", KeyDeprecated, "use vip.skip"),
		documented("imageRedirectWebhook.enable", "true", "a webhook in the cluster rewrites image references", KeyPlanned, withCluster),
		documented("imageRedirectWebhook.port", "0", "its port; 0 for any", KeyPlanned, withCluster),
		documented("registryCredentials.domain", "", "the site's registry: a host or an address, with port and path prefix where there are any", KeyEffective, ""),
		documented("registryCredentials.username", "", "its user", KeyEffective, ""),
		documented("registryCredentials.password", "", "the user's password", KeyEffective, ""),
		documented("registryCredentials.encodedPassword", "false", "the password is base64", KeyEffective, ""),
		documented("registryCredentials.insecure", "false", "permits http, and https that is not verified", KeyEffective, ""),
		documented("registryCredentials.repositoryName", "", "nothing: a reference names its repository", KeyIgnored, "references name their repository; use registryMappingRules to send them elsewhere"),
		documented("registryCredentials.certificates[]", "", "authorities for this registry, PEM", KeyEffective, ""),
		documented("externalRegistries.registries[].domain", "", "as registryCredentials.domain, for several registries", KeyEffective, ""),
		documented("externalRegistries.registries[].username", "", "its user", KeyEffective, ""),
		documented("externalRegistries.registries[].password", "", "the user's password", KeyEffective, ""),
		documented("externalRegistries.registries[].encodedPassword", "false", "the password is base64", KeyEffective, ""),
		documented("externalRegistries.registries[].insecure", "false", "permits http, and https that is not verified", KeyEffective, ""),
		documented("externalRegistries.registries[].repositoryName", "", "nothing: a reference names its repository", KeyIgnored, "references name their repository; use registryMappingRules to send them elsewhere"),
		documented("externalRegistries.registries[].certificates[]", "", "authorities for this registry, PEM", KeyEffective, ""),
		documented("externalRegistries.registryMappingRules.*", "", "references that begin with the key are fetched from the value instead; the rest of the reference stays", KeyEffective, ""),
		documented("imageOverride", "", "another installer image", KeyIgnored, "the OS comes from the profile"),
	}
}

func placeKeys() []SiteKey {
	return []SiteKey{
		documented("site.paletteEndpoint", "", "the address of the original's management", KeyIgnored, laterPalette),
		documented("site.edgeHostToken", "", "the token that registers the host", KeyPlanned, withHub),
		documented("site.disableAutoRegister", "false", "wait for a person although there is a token", KeyPlanned, withHub),
		documented("site.projectName", "", "the project to register in", KeyPlanned, withHub),
		documented("site.projectUid", "", "the project to register in, by its ID", KeyPlanned, withHub),
		documented("site.registrationURL", "", "the page that the console's QR code leads to", KeyPlanned, withHub),
		documented("site.insecureSkipVerify", "false", "does not verify the management's certificate", KeyPlanned, withHub),
		documented("site.clusterId", "", "the cluster that the host belongs to, by its ID", KeyPlanned, withHub),
		documented("site.clusterName", "", "the cluster that the host belongs to", KeyPlanned, withHub),
		documented("site.name", "from the hardware", "the host's ID; \"$random\" for a random one", KeyEffective, ""),
		documented("site.prefix", "edge", "what a generated ID begins with: letters, digits and -", KeyEffective, ""),
		documented("site.hostName", "the host's ID", "the OS's host name, and the node's; lower-case letters, digits, - and dots", KeyEffective, ""),
		documented("site.deviceUIDPaths[].name", "/sys/class/dmi/id/product_uuid", "a file to read the ID from", KeyEffective, ""),
		documented("site.deviceUIDPaths[].regex", "", "an RE2 expression that picks the ID out of it", KeyEffective, ""),
		documented("site.caCerts[]", "", "authorities that are added to the system's: PEM, or base64 of PEM", KeyEffective, ""),
		documented("site.ntpServers", "", "time servers: a list, or one text with commas", KeyEffective, ""),
		documented("site.tags.*", "", "a tag of the host, told in its status", KeyEffective, ""),
		documented("site.tagsFromFile.fileName", "", "a file with tags, one per line", KeyEffective, ""),
		documented("site.tagsFromFile.delimiter", "\\n", "what is between two tags in it", KeyEffective, ""),
		documented("site.tagsFromFile.separator", ":", "what is between a tag's name and its value; the first one counts", KeyEffective, ""),
		documented("site.tagsFromScript.scriptName", "", "a program that prints tags as a flat JSON object", KeyEffective, ""),
		documented("site.tagsFromScript.timeout", "60", "how many seconds it may take", KeyEffective, ""),
		documented("site.users[].name", "", "a user of the OS", KeyEffective, ""),
		documented("site.users[].groups", "", "the user's groups: a list, or one text with commas", KeyEffective, ""),
		documented("site.users[].passwd", "", "the user's password, hashed or plain", KeyEffective, ""),
		documented("site.users[].passwordExpiry", "", "the day on which the password ends, YYYY-MM-DD", KeyEffective, ""),
		documented("site.users[].lock_passwd", "false", "no login by password", KeyEffective, ""),
		documented("site.users[].ssh_authorized_keys[]", "", "keys that let the user in by SSH", KeyEffective, ""),
		documented("site.remoteShell.disable", "false", "no shell for support", KeyPlanned, "there is no remote shell in stylet yet: none can be opened"),
		documented("site.network.httpProxy", "", "the proxy for http, of OS and agent", KeyEffective, ""),
		documented("site.network.httpsProxy", "", "the proxy for https, of OS and agent", KeyEffective, ""),
		documented("site.network.noProxy", "", "what is reached without it, separated by commas", KeyEffective, ""),
		documented("site.network.nameserver", "", "name servers for all interfaces: a list, or one text with commas", KeyEffective, ""),
		documented("site.network.interfaces.*.type", "dhcp", "dhcp or static; interfaces that are not listed use DHCP", KeyEffective, ""),
		documented("site.network.interfaces.*.ipAddress", "", "the address, with /prefix if mask is not given; IPv4 or IPv6", KeyEffective, ""),
		documented("site.network.interfaces.*.mask", "", "the network's mask", KeyEffective, ""),
		documented("site.network.interfaces.*.gateway", "", "where the way out is", KeyEffective, ""),
		documented("site.network.interfaces.*.nameserver", "", "name servers of this interface", KeyEffective, ""),
	}
}
