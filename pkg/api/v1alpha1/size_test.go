package v1alpha1

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestSizeHuman(t *testing.T) {
	for size, want := range map[Size]string{
		0: "0 bytes", 1023: "1023 bytes", 1024: "1.0 KiB", 1 << 20: "1.0 MiB", 1<<20 - 1: "1023.9 KiB",
		1536 << 20: "1.5 GiB", 9 << 40: "9.0 TiB", 5000 << 40: "5000.0 TiB",
	} {
		assert.Equal(t, want, size.Human())
	}
}

func TestSizeReadsWhatItWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := Size(rapid.Int64Min(0).Draw(t, "size"))
		text, err := size.MarshalText()
		require.NoError(t, err)
		var back Size
		require.NoError(t, back.UnmarshalText(text))
		require.Equal(t, size, back)
	})
}

func TestSizeRefuses(t *testing.T) {
	for _, text := range []string{"", "1Q", "-1", "99999999999999999999", "9999999999999T", "1.5G"} {
		var size Size
		require.Error(t, size.UnmarshalText([]byte(text)), text)
	}
}
