//go:build component

package hardware

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Our reading of files agrees with systemd's own detection on the machine at hand. The kind may
// differ where only CPUID knows it.
//
// Requirement: A2
func TestAgreesWithSystemd(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "systemd-detect-virt", "--vm").Output()
	kind := strings.TrimSpace(string(out))
	if kind != "none" { // which it answers with status 1
		require.NoError(t, err)
	}
	facts, err := Collect(t.Context(), Options{})
	require.NoError(t, err)
	assert.Equal(t, kind != "none", facts.Virtualization.Virtual, "systemd says %s, we say %v", kind, facts.Virtualization)
}
