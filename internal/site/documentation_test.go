package site

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write docs/user-data.md anew")

func TestTheDocumentationIsOfTheseKeys(t *testing.T) {
	const path = "../../docs/user-data.md"
	if *update {
		require.NoError(t, os.WriteFile(path, Documentation(), 0o644))
	}
	have, err := os.ReadFile(path)
	require.NoError(t, err)
	// Not require.Equal, which would print the whole page twice.
	require.True(t, bytes.Equal(Documentation(), have), "%s is not of these keys: make docs writes it", path)
}
