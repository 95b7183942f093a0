package settings

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/fault"
)

// Requirement: U2
func TestPrecedence(t *testing.T) {
	file := filepath.Join(t.TempDir(), "agent.yaml")
	require.NoError(t, os.WriteFile(file, []byte("stateDir: /from/file\nruntimeDir: /file/run\n"), 0o600))
	env := map[string]string{"STYLET_CONFIG": file, "STYLET_STATE_DIR": "/from/env"}
	s, err := Load(func(name string) string { return env[name] })
	require.NoError(t, err)
	require.Equal(t, "/from/env", s.StateDir, "the environment wins over the file")
	require.Equal(t, "/file/run", s.RuntimeDir, "the file wins over the default")
	require.Equal(t, "/oem", s.UserDataDir)
	require.Equal(t, "/file/run/api.sock", s.Socket())
}

// Each source of the log level wins over all that come after it.
//
// Requirement: U2, U3
func TestLogLevelPrecedence(t *testing.T) {
	file := filepath.Join(t.TempDir(), "agent.yaml")
	for name, c := range map[string]struct {
		flag, env, userData, file, want string
	}{
		"flag":        {"info", "debug", "warn", "error", "info"},
		"environment": {"", "debug", "warn", "error", "debug"},
		"user-data":   {"", "", "warn", "error", "warn"},
		"file":        {"", "", "", "error", "error"},
		"default":     {"", "", "", "", "info"},
	} {
		t.Run(name, func(t *testing.T) {
			text := "stateDir: /x\n"
			if c.file != "" {
				text += "logLevel: " + c.file + "\n"
			}
			require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
			set := map[string]string{"STYLET_CONFIG": file, "STYLET_LOG_LEVEL": c.env}
			s, err := Load(func(name string) string { return set[name] })
			require.NoError(t, err)
			s = s.WithFlags(c.flag)
			require.Equal(t, c.want, s.Level(c.userData))
		})
	}
}

func TestBadFiles(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"unknown key": "stateDri: /x\n", "no YAML": "\t{", "wrong shape": "- a\n"} {
		file := filepath.Join(dir, "agent.yaml")
		require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
		_, err := Load(func(n string) string { return map[string]string{"STYLET_CONFIG": file}[n] })
		require.Equal(t, fault.Input, fault.KindOf(err), name)
		require.ErrorContains(t, err, file, name)
	}
	_, err := Load(func(n string) string { return map[string]string{"STYLET_CONFIG": dir + "/none"}[n] })
	require.Equal(t, "settings.unreadable", fault.CodeOf(err), "a file that was named must be there")
}

func FuzzSettings(f *testing.F) {
	f.Add([]byte("stateDir: /x\nlogLevel: debug\n"))
	f.Add([]byte("a: &a [*a]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := Defaults()
		if err := s.decode("agent.yaml", data); err != nil {
			require.Equal(t, fault.Input, fault.KindOf(err))
		}
	})
}
