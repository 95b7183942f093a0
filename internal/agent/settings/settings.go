// Package settings says where the parts of stylet on a host find each other: directories, socket
// and log level, from defaults, the configuration file, the environment and flags.
package settings

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/stylet-edge/stylet/internal/base/fault"
)

// File is where the configuration file is looked for unless STYLET_CONFIG names another.
const File = "/etc/stylet/agent.yaml"

// Settings of one host. What wins, from strongest to weakest: a flag of the command line, the
// environment variable, the configuration file, the default. The log level has one source more,
// the user-data (stylet.logLevel), between environment and file: see Level.
type Settings struct {
	// StateDir holds what must survive: journal, content, images. STYLET_STATE_DIR.
	StateDir string `yaml:"stateDir"`
	// RuntimeDir holds what ends with the boot. STYLET_RUNTIME_DIR.
	RuntimeDir string `yaml:"runtimeDir"`
	// UserDataDir is searched for user-data. STYLET_USER_DATA_DIR.
	UserDataDir string `yaml:"userDataDir"`
	// BootDir is where COS_STATE is mounted. STYLET_BOOT_DIR.
	BootDir string `yaml:"bootDir"`
	// LogLevel is that of the configuration file: debug, info, warn or error, "" for none.
	LogLevel string `yaml:"logLevel"`
	// forcedLogLevel is that of the flag or of STYLET_LOG_LEVEL, which the user-data does not change.
	forcedLogLevel string
}

// DefaultLogLevel is what is logged when nobody says anything.
const DefaultLogLevel = "info"

// WithFlags gives the settings with the flags of the command line, "" for one that is not given.
func (s Settings) WithFlags(logLevel string) Settings {
	s.forcedLogLevel = cmp.Or(logLevel, s.forcedLogLevel)
	return s
}

// Level gives the log level that is in force when the user-data asks for this one, "" for none.
func (s Settings) Level(userData string) string {
	return cmp.Or(s.forcedLogLevel, userData, s.LogLevel, DefaultLogLevel)
}

// Defaults are right for every host that runs under Kairos.
func Defaults() Settings {
	return Settings{
		StateDir:    "/usr/local/.stylet",
		RuntimeDir:  "/run/stylet",
		UserDataDir: "/oem",
		BootDir:     "/run/initramfs/cos-state",
	}
}

// Load gives the settings from file and environment. The default file may be missing; one that
// STYLET_CONFIG names may not.
func Load(getenv func(string) string) (Settings, error) {
	s := Defaults()
	name := getenv("STYLET_CONFIG")
	named := name != ""
	if !named {
		name = File
	}
	data, err := os.ReadFile(name)
	switch {
	case err == nil:
		if err := s.decode(name, data); err != nil {
			return s, err
		}
	case named || !errors.Is(err, fs.ErrNotExist):
		return s, fault.Wrap(err, fault.Input, "settings.unreadable", "check the path in STYLET_CONFIG", "reading the configuration file")
	}
	for variable, field := range s.fields() {
		if v := getenv(variable); v != "" {
			*field = v
		}
	}
	return s, nil
}

func (s *Settings) fields() map[string]*string {
	return map[string]*string{
		"STYLET_STATE_DIR": &s.StateDir, "STYLET_RUNTIME_DIR": &s.RuntimeDir,
		"STYLET_USER_DATA_DIR": &s.UserDataDir, "STYLET_BOOT_DIR": &s.BootDir, "STYLET_LOG_LEVEL": &s.forcedLogLevel,
	}
}

// Variables lists the environment variables that Load reads, sorted.
func Variables() []string {
	names := slices.Collect(maps.Keys((&Settings{}).fields()))
	slices.Sort(names)
	return append(names, "STYLET_CONFIG")
}

func (s *Settings) decode(name string, data []byte) error {
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(s); err != nil && !errors.Is(err, io.EOF) {
		return fault.Wrap(err, fault.Input, "settings.invalid",
			"correct the file; `stylet agent --help` lists its keys", "reading %s", name)
	}
	return nil
}

// Socket is the path of the local API's socket.
func (s Settings) Socket() string { return s.RuntimeDir + "/api.sock" }

// String is for the log.
func (s Settings) String() string {
	return fmt.Sprintf("state %s, runtime %s, user-data %s", s.StateDir, s.RuntimeDir, s.UserDataDir)
}
