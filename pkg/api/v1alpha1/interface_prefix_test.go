package v1alpha1

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func FuzzInterfacePrefix(f *testing.F) {
	f.Add("192.0.2.7", "255.255.255.0")
	f.Add("2001:db8::7/64", "")
	f.Add("192.0.2.7/24", "/24")
	f.Fuzz(func(t *testing.T, address, mask string) {
		prefix, err := Interface{IPAddress: address, Mask: mask}.Prefix()
		if err == nil {
			require.True(t, prefix.IsValid())
			again, err := Interface{IPAddress: prefix.String()}.Prefix()
			require.NoError(t, err)
			require.Equal(t, prefix, again)
		}
	})
}
