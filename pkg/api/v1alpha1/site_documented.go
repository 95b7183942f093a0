package v1alpha1

// Documented are the keys that are documented for the `stylus:` block of the user-data.
type Documented struct {
	Debug bool `json:"debug,omitempty" yaml:"debug,omitempty"`
	Trace bool `json:"trace,omitempty" yaml:"trace,omitempty"`
	// Path is the root of an agent on an existing OS; here always "/".
	Path string `json:"path,omitempty" yaml:"path,omitempty"`
	// ManagementMode is central or local; InstallationMode (connected, airgap) is its old name.
	ManagementMode   string `json:"managementMode,omitempty" yaml:"managementMode,omitempty"`
	InstallationMode string `json:"installationMode,omitempty" yaml:"installationMode,omitempty"`
	FeatureGate      string `json:"featureGate,omitempty" yaml:"featureGate,omitempty"`

	EnableMultiNode       bool `json:"enableMultiNode,omitempty" yaml:"enableMultiNode,omitempty"`
	DisablePasswordUpdate bool `json:"disablePasswordUpdate,omitempty" yaml:"disablePasswordUpdate,omitempty"`
	DisableTUI            bool `json:"disableTui,omitempty" yaml:"disableTui,omitempty"`
	IncludeTUI            bool `json:"includeTui,omitempty" yaml:"includeTui,omitempty"`

	LocalUI  LocalUI  `json:"localUI,omitzero" yaml:"localUI,omitempty"`
	EMC      EMC      `json:"emcServer,omitzero" yaml:"emcServer,omitempty"`
	VIP      VIP      `json:"vip,omitzero" yaml:"vip,omitempty"`
	SkipVIP  bool     `json:"skipKubeVip,omitempty" yaml:"skipKubeVip,omitempty"`
	Redirect Redirect `json:"imageRedirectWebhook,omitzero" yaml:"imageRedirectWebhook,omitempty"`

	RegistryCredentials ExternalRegistry   `json:"registryCredentials,omitzero" yaml:"registryCredentials,omitempty"`
	ExternalRegistries  ExternalRegistries `json:"externalRegistries,omitzero" yaml:"externalRegistries,omitempty"`
	ImageOverride       string             `json:"imageOverride,omitempty" yaml:"imageOverride,omitempty"`

	Site Place `json:"site,omitzero" yaml:"site,omitempty"`
}

// LocalUI sets up the page that a host serves.
type LocalUI struct {
	Port  int   `json:"port,omitempty" yaml:"port,omitempty"`
	Login Login `json:"login,omitzero" yaml:"login,omitempty"`
}

// Login bounds the attempts at logging in to a host's page.
type Login struct {
	DisableRateLimiting bool `json:"disableRateLimiting,omitempty" yaml:"disableRateLimiting,omitempty"`
	AttemptsBeforeDelay int  `json:"attemptsBeforeExponentialDelayStarts,omitempty" yaml:"attemptsBeforeExponentialDelayStarts,omitempty"`
	MaxFailedAttempts   int  `json:"maxFailedAttemptsBeforeLockout,omitempty" yaml:"maxFailedAttemptsBeforeLockout,omitempty"`
	LockoutMinutes      int  `json:"lockoutDurationInMinutes,omitempty" yaml:"lockoutDurationInMinutes,omitempty"`
}

// EMC is the older name of LocalUI.
type EMC struct {
	Port int `json:"port,omitempty" yaml:"port,omitempty"`
}

// VIP sets up the virtual address of the Kubernetes API.
type VIP struct {
	Skip bool `json:"skip,omitempty" yaml:"skip,omitempty"`
}

// Redirect sets up the webhook that rewrites image references in the cluster.
type Redirect struct {
	// Enable is on by default: nil is "not given".
	Enable *bool `json:"enable,omitempty" yaml:"enable,omitempty"`
	Port   int   `json:"port,omitempty" yaml:"port,omitempty"`
}

// ExternalRegistries are the site's registries, and which references go to them instead.
type ExternalRegistries struct {
	Registries []ExternalRegistry `json:"registries,omitempty" yaml:"registries,omitempty"`
	// MappingRules replaces a reference's prefix (the key) by another (the value).
	MappingRules map[string]string `json:"registryMappingRules,omitempty" yaml:"registryMappingRules,omitempty"`
}

// ExternalRegistry is one registry with its credentials.
type ExternalRegistry struct {
	// Domain is a host or an address, with port and path prefix where there are any.
	Domain   string `json:"domain,omitempty" yaml:"domain,omitempty"`
	Username string `json:"username,omitempty" yaml:"username,omitempty"`
	Password Secret `json:"password,omitempty" yaml:"password,omitempty"`
	// EncodedPassword says that the password is base64.
	EncodedPassword bool `json:"encodedPassword,omitempty" yaml:"encodedPassword,omitempty"`
	// Insecure permits http, and https that is not verified.
	Insecure       bool   `json:"insecure,omitempty" yaml:"insecure,omitempty"`
	RepositoryName string `json:"repositoryName,omitempty" yaml:"repositoryName,omitempty"`
	// Certificates are authorities for this registry, PEM.
	Certificates []string `json:"certificates,omitempty" yaml:"certificates,omitempty"`
}

// Place is the `site:` block: what is particular to this host and its site.
type Place struct {
	PaletteEndpoint     string `json:"paletteEndpoint,omitempty" yaml:"paletteEndpoint,omitempty"`
	EdgeHostToken       Secret `json:"edgeHostToken,omitempty" yaml:"edgeHostToken,omitempty"`
	DisableAutoRegister bool   `json:"disableAutoRegister,omitempty" yaml:"disableAutoRegister,omitempty"`
	ProjectName         string `json:"projectName,omitempty" yaml:"projectName,omitempty"`
	ProjectUID          string `json:"projectUid,omitempty" yaml:"projectUid,omitempty"`
	RegistrationURL     string `json:"registrationURL,omitempty" yaml:"registrationURL,omitempty"`
	InsecureSkipVerify  bool   `json:"insecureSkipVerify,omitempty" yaml:"insecureSkipVerify,omitempty"`
	ClusterID           string `json:"clusterId,omitempty" yaml:"clusterId,omitempty"`
	ClusterName         string `json:"clusterName,omitempty" yaml:"clusterName,omitempty"`

	// Name is the host ID; "$random" asks for a random one.
	Name   string `json:"name,omitempty" yaml:"name,omitempty"`
	Prefix string `json:"prefix,omitempty" yaml:"prefix,omitempty"`
	// HostName is the OS's host name and the node's; default: Name.
	HostName       string          `json:"hostName,omitempty" yaml:"hostName,omitempty"`
	DeviceUIDPaths []DeviceUIDPath `json:"deviceUIDPaths,omitempty" yaml:"deviceUIDPaths,omitempty"`

	// CACerts are added to the system's authorities: PEM, or base64 of PEM.
	CACerts    []string `json:"caCerts,omitempty" yaml:"caCerts,omitempty"`
	NTPServers TextList `json:"ntpServers,omitempty" yaml:"ntpServers,omitempty"`

	Tags           map[string]string `json:"tags,omitempty" yaml:"tags,omitempty"`
	TagsFromFile   TagsFromFile      `json:"tagsFromFile,omitzero" yaml:"tagsFromFile,omitempty"`
	TagsFromScript TagsFromScript    `json:"tagsFromScript,omitzero" yaml:"tagsFromScript,omitempty"`

	Users       []OSUser    `json:"users,omitempty" yaml:"users,omitempty"`
	RemoteShell RemoteShell `json:"remoteShell,omitzero" yaml:"remoteShell,omitempty"`
	Network     Network     `json:"network,omitzero" yaml:"network,omitempty"`
}

// DeviceUIDPath is a file that holds the host's ID.
type DeviceUIDPath struct {
	Name string `json:"name" yaml:"name"`
	// Regex (RE2) picks the ID out of the file's text.
	Regex string `json:"regex,omitempty" yaml:"regex,omitempty"`
}

// TagsFromFile reads tags from a file.
type TagsFromFile struct {
	FileName  string `json:"fileName,omitempty" yaml:"fileName,omitempty"`
	Delimiter string `json:"delimiter,omitempty" yaml:"delimiter,omitempty"`
	Separator string `json:"separator,omitempty" yaml:"separator,omitempty"`
}

// TagsFromScript takes tags from the JSON object that a program prints.
type TagsFromScript struct {
	ScriptName string `json:"scriptName,omitempty" yaml:"scriptName,omitempty"`
	// Timeout is in seconds.
	Timeout int `json:"timeout,omitempty" yaml:"timeout,omitempty"`
}

// OSUser is a user of the OS.
type OSUser struct {
	Name   string   `json:"name" yaml:"name"`
	Groups TextList `json:"groups,omitempty" yaml:"groups,omitempty"`
	Passwd Secret   `json:"passwd,omitempty" yaml:"passwd,omitempty"`
	// PasswordExpiry is a day, YYYY-MM-DD.
	PasswordExpiry    string   `json:"passwordExpiry,omitempty" yaml:"passwordExpiry,omitempty"`
	LockPasswd        bool     `json:"lock_passwd,omitempty" yaml:"lock_passwd,omitempty"`
	SSHAuthorizedKeys []string `json:"ssh_authorized_keys,omitempty" yaml:"ssh_authorized_keys,omitempty"`
}

// RemoteShell is the way for support to a host's shell.
type RemoteShell struct {
	Disable bool `json:"disable,omitempty" yaml:"disable,omitempty"`
}

// Network is how the host reaches others.
type Network struct {
	HTTPProxy  Secret `json:"httpProxy,omitempty" yaml:"httpProxy,omitempty"`
	HTTPSProxy Secret `json:"httpsProxy,omitempty" yaml:"httpsProxy,omitempty"`
	NoProxy    string `json:"noProxy,omitempty" yaml:"noProxy,omitempty"`
	// Nameserver is for all interfaces.
	Nameserver TextList `json:"nameserver,omitempty" yaml:"nameserver,omitempty"`
	// Interfaces by the kernel's name. Those not listed use DHCP.
	Interfaces map[string]Interface `json:"interfaces,omitempty" yaml:"interfaces,omitempty"`
}

// Interface is a network interface's own settings.
type Interface struct {
	// Type is dhcp (default) or static.
	Type string `json:"type,omitempty" yaml:"type,omitempty"`
	// IPAddress is an IPv4 or IPv6 address, with /prefix if Mask is not given.
	IPAddress  string   `json:"ipAddress,omitempty" yaml:"ipAddress,omitempty"`
	Mask       string   `json:"mask,omitempty" yaml:"mask,omitempty"`
	Gateway    string   `json:"gateway,omitempty" yaml:"gateway,omitempty"`
	Nameserver TextList `json:"nameserver,omitempty" yaml:"nameserver,omitempty"`
}
