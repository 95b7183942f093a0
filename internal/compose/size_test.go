package compose

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Requirement: A8
func TestSizeForIsTightAndGrows(t *testing.T) {
	// The Debian base of the boot proof: 676 MB in 11,000 entries.
	debian := v1alpha1.LayerContent{UnpackedBytes: 676 << 20, Files: 11_000}
	size := SizeFor([]v1alpha1.LayerContent{debian}, 17<<20)
	require.Zero(t, size%mib)
	require.Greater(t, size, int64((676+17+32)<<20))
	require.Less(t, size, int64(900<<20), "the boot proof's image took 900 MiB")

	more := debian
	more.UnpackedBytes += 100 << 20
	require.Greater(t, SizeFor([]v1alpha1.LayerContent{more}, 17<<20), size+100<<20)
	require.Greater(t, SizeFor([]v1alpha1.LayerContent{debian, {Files: 1000}}, 17<<20), size+1000*blockBytes)
	require.Greater(t, SizeFor(nil, 0), int64(reserveBytes))
}
