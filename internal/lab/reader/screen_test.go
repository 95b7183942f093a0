package reader

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// As the console painted it, line by line, between the messages of others.
const screenSaid = ` stylet v0.2.0, installer                                  localhost  12:04 UTC
 INSTALLING
 progress    [####-----] 41%  active
             812 MB written, about 1 minute left
[  219.60] stylet[636]: stylet-install    0s  41%  active
 address     enp0s2  10.0.2.15, fec0::5054:ff:fe12:3456
 hardware    WARN: this machine can be used; read about cpu.family
-- Press Enter to log in ------------------------------------------- messages --
 INSTALLED
 logs        /run/stylet/install; on the host, install in its state directory
`

func TestTheScreenOfAnInstallationIsRead(t *testing.T) {
	require.NoError(t, CheckScreen(screenSaid))
	for line := range strings.Lines(screenSaid) {
		if strings.Contains(line, "stylet") && !strings.Contains(line, "logs") {
			continue
		}
		require.ErrorContains(t, CheckScreen(strings.Replace(screenSaid, line, "", 1)), "has not shown")
	}
}

func FuzzCheckScreen(f *testing.F) {
	f.Add(screenSaid)
	f.Fuzz(func(t *testing.T, said string) {
		if CheckScreen(said) == nil {
			require.Contains(t, said, "INSTALLED")
		}
	})
}
