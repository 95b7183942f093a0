package provider

// The wire format of go-pluggable and the names of the events, as kairos-sdk's package bus has
// them. They are written out here because that package brings a second logger and an event
// emitter into the agent (1.5 MB) for fifteen strings; a test holds them to the SDK's.

// event is one call: `PROGRAM NAME` with this on stdin.
type event struct {
	Name string `json:"name"`
	// Data is a JSON document as text; beyond 8 KiB it is empty and File names a file with it.
	Data string `json:"data"`
	File string `json:"file"`
}

// response is the one answer on stdout. A non-empty Error makes kairos-agent print it.
type response struct {
	State string `json:"state"`
	Data  string `json:"data"`
	Error string `json:"error"`
	Logs  string `json:"log"`
}

// bootPayload is the Data of agent.boot: the merged user-data.
type bootPayload struct {
	Config string `json:"config"`
}

// infoPayload is the answer to init.provider.info.
type infoPayload struct {
	Provider string `json:"provider"`
	Version  string `json:"version"`
}

const (
	providerPrefix = "agent-provider-"
	notApplicable  = "non-applicable"

	eventBoot               = "agent.boot"
	eventInteractiveInstall = "agent.interactive-install"
	eventAvailableReleases  = "agent.available_releases"
	eventInitInstall        = "init.provider.install"
	eventInitInfo           = "init.provider.info"
)

// Events lists the events that get an answer: all that kairos-agent and kairos-init send, and
// cluster.reset, which a managing agent sends.
func Events() []string {
	return []string{
		"agent.bootstrap",
		"agent.install.challenge",
		"agent.reset.after",
		"agent.reset.before",
		eventBoot,
		"agent.install",
		"agent.installprompt",
		"agent.recovery",
		eventInteractiveInstall,
		"agent.recovery.stop",
		eventAvailableReleases,
		"agent.version_image",
		eventInitInstall,
		"init.provider.configure",
		eventInitInfo,
		"cluster.reset",
	}
}
