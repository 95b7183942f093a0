package archtest

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// The proof that the checker can fail: edges that must be refused, with a word
// of the rule, and their neighbours that must not.
func TestJudge(t *testing.T) {
	for _, c := range []struct{ from, to, rule string }{
		{"cmd/stylet", "internal/agent", ""},
		{"cmd/stylet", "pkg/api/v1alpha1", ""},
		{"cmd/stylet", "cmd/stylet-hub", "no other program"},
		{"internal/agent", "cmd/stylet", "down only"},
		{"internal/agent", "internal/content", ""},
		{"internal/agent/api", "internal/agent", ""},
		{"internal/console", "internal/lifecycle", ""},
		{"internal/console", "internal/hub", "one floor"},
		{"internal/hub/store", "internal/agent", "down only"},
		{"internal/lifecycle", "internal/content", "engine knows no capability"},
		{"internal/lifecycle", "internal/lifecycle/actions", "down only"},
		{"internal/lifecycle/actions", "internal/content", ""},
		{"internal/lifecycle/actions", "internal/lifecycle", ""},
		{"internal/content", "internal/kairos", "one floor"},
		{"internal/content", "internal/lifecycle", "down only"},
		{"internal/content/fetch", "internal/content", ""},
		{"internal/content", "internal/base/durable", ""},
		{"internal/base/durable", "internal/base/fault", ""},
		{"internal/base/durable", "pkg/api/v1alpha1", ""},
		{"internal/base/durable", "internal/site", "down only"},
		{"internal/base/durable", "pkg/client", "only pkg/api"},
		{"pkg/client", "pkg/api/v1alpha1", ""},
		{"pkg/client", "internal/base/fault", "down only"},
		{"pkg/api/v1alpha1", "internal/base/fault", "down only"},
		{"pkg/api/v1alpha2", "pkg/api/v1alpha1", "nothing of ours"},
		{"internal/new", "pkg/api/v1alpha1", "internal/new is on no floor"},
		{"cmd/stylet", "internal/new", "internal/new is on no floor"},
	} {
		why := judge(edge{c.from, c.to})
		if c.rule == "" {
			assert.Empty(t, why, "%s must be allowed", edge{c.from, c.to})
		} else {
			assert.Contains(t, why, c.rule, "%s must be refused", edge{c.from, c.to})
		}
	}
}

func TestVagueNames(t *testing.T) {
	assert.Contains(t, vague("internal/utils"), `"utils"`)
	assert.Contains(t, vague("internal/site/common/x"), `"common"`)
	assert.Empty(t, vague("internal/commonmark"))
}

func TestChainNamesTheWay(t *testing.T) {
	imports := map[string][]string{
		module + "/cmd/stylet":       {"fmt", module + "/internal/x"},
		module + "/internal/x":       {"k8s.io/client-go/discovery"},
		"k8s.io/client-go/discovery": {"k8s.io/api/core/v1"},
	}
	assert.Equal(t, []string{"cmd/stylet", "internal/x", "k8s.io/client-go/discovery", "k8s.io/api/core/v1"},
		chain(imports, module+"/cmd/stylet", "k8s.io/api/core/v1"))
	assert.True(t, within("k8s.io/api/core/v1", "k8s.io/api"))
	assert.False(t, within("k8s.io/apimachinery/pkg/types", "k8s.io/api"))
}
