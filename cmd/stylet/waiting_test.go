package main

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/stylet-edge/stylet/internal/network/diagnose"
)

// A quick hop says nothing; a slow one says every two seconds what it is.
func TestWaitingIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		w := startWaiting(&out)
		w.show(diagnose.Step{Code: diagnose.CodeLink})
		time.Sleep(1900 * time.Millisecond)
		w.show(diagnose.Step{Code: diagnose.CodeDNS, Target: "registry.example"})
		time.Sleep(4100 * time.Millisecond)
		w.show(diagnose.Step{Code: diagnose.CodeRoute})
		time.Sleep(2100 * time.Millisecond)
		w.stop()
		assert.Equal(t, "waiting for dns of registry.example for 2s\nwaiting for dns of registry.example for 4s\nwaiting for route for 2s\n", out.String())
	})
}
