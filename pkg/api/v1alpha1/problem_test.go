package v1alpha1

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestProblemString(t *testing.T) {
	full := Problem{File: "p.yaml", Line: 3, Column: 5, Path: "spec.trial", What: "it is wrong", Remedy: "write another"}
	assert.Equal(t, "p.yaml:3:5: spec.trial: it is wrong (write another)", full.String())
	assert.Equal(t, "p.yaml:3: it is wrong", Problem{File: "p.yaml", Line: 3, What: "it is wrong"}.String())
	assert.Equal(t, "it is wrong", Problem{What: "it is wrong"}.String())
}

func TestProblemsErr(t *testing.T) {
	require := assert.New(t)
	require.NoError(Problems(nil).Err())
	late, early := Problem{File: "a", Line: 9, What: "late"}, Problem{File: "a", Line: 2, Column: 7, What: "early"}
	require.EqualError(Problems{late, early}.Err(), "a:2:7: early\na:9: late")
}

func TestNearest(t *testing.T) {
	known := []string{"timeout", "settle", "command"}
	assert.Equal(t, "did you mean timeout?", nearest("timout", known))
	assert.Equal(t, "did you mean timeout?", nearest("timeOut", known))
	assert.Equal(t, "known: command, settle, timeout", nearest("banana", known))
	assert.Empty(t, nearest("x", nil))
}
