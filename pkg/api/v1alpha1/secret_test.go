package v1alpha1

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

func TestASecretIsNeverPrinted(t *testing.T) {
	type holder struct {
		Name string
		Pass Secret
	}
	h := holder{"n", "hunter2"}
	inJSON, err := json.Marshal(h)
	require.NoError(t, err)
	inYAML, err := yaml.Marshal(h)
	require.NoError(t, err)
	for _, text := range []string{
		string(inJSON), string(inYAML),
		fmt.Sprint(h), fmt.Sprintf("%v %+v %#v %s %q", h, h, h, h.Pass, h.Pass), fmt.Sprintf("%v", &h), fmt.Sprint(map[string]Secret{"a": h.Pass}),
	} {
		require.NotContains(t, text, "hunter2")
		require.Contains(t, text, Redacted)
	}
	require.Equal(t, "hunter2", h.Pass.Reveal())
	require.Empty(t, Secret("").String())
	var back Secret
	require.NoError(t, json.Unmarshal([]byte(`"x y"`), &back))
	require.Equal(t, "x y", back.Reveal())
}
