package diagnose

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func sha(text string) [sha256.Size]byte { return sha256.Sum256([]byte(text)) }

func TestClocks(t *testing.T) {
	now := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	short := &x509.Certificate{NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour)}
	for name, c := range map[string]struct {
		offset  time.Duration
		leaf    *x509.Certificate
		verdict Verdict
		cause   string
	}{
		"agrees":            {0, short, Pass, ""},
		"59 seconds":        {59 * time.Second, short, Pass, ""},
		"61 seconds behind": {-61 * time.Second, nil, Warn, "clock-off"},
		"59 minutes":        {59 * time.Minute, nil, Warn, "clock-off"},
		"61 minutes":        {61 * time.Minute, nil, Fail, "clock-off"},
		"breaks":            {-2 * time.Hour, &x509.Certificate{NotBefore: now.Add(time.Hour), NotAfter: now.Add(9 * time.Hour)}, Fail, "clock-breaks-tls"},
		"both wrong":        {0, &x509.Certificate{NotBefore: now.Add(time.Hour), NotAfter: now.Add(9 * time.Hour)}, Pass, ""},
	} {
		t.Run(name, func(t *testing.T) {
			j := &journey{target: Target{Host: "registry.example"}, leaf: c.leaf}
			f := j.judgeClock(c.offset, time.Second, now, "x")
			assert.Equal(t, c.verdict, f.Verdict)
			assert.Equal(t, c.cause, f.Cause)
		})
	}
	// A Date of 12:00:00 was made between 12:00:00 and 12:00:01.
	offset, precision := clockOffset(now, now.Add(200*time.Millisecond), now.Add(400*time.Millisecond))
	assert.Equal(t, -200*time.Millisecond, offset)
	assert.Equal(t, 600*time.Millisecond, precision)
}

func TestRanges(t *testing.T) {
	whole := []byte("0123456789")
	want := piece{whole, 10, 1, 9}
	for name, c := range map[string]struct {
		status       int
		header, part string
		cause        string
	}{
		"right":          {206, "bytes 1-9/10", "123456789", ""},
		"stripped":       {200, "", "0123456789", "ranges-stripped"},
		"refused":        {403, "", "", "range"},
		"another part":   {206, "bytes 0-8/10", "012345678", "wrong-range"},
		"no header":      {206, "", "123456789", "wrong-range"},
		"another size":   {206, "bytes 1-9/11", "123456789", "wrong-range"},
		"too short":      {206, "bytes 1-9/10", "1234", "changed"},
		"other bytes":    {206, "bytes 1-9/10", "12345678X", "changed"},
		"not satisfied":  {416, "bytes */10", "", "ranges-stripped"},
		"nothing at all": {206, "bytes 1-9/10", "", "changed"},
	} {
		assert.Equal(t, c.cause, judgeRange(c.status, c.header, []byte(c.part), want).Cause, name)
	}
}

// The largest that can be fetched whole tells most; else the smallest costs least.
func TestProbeBlob(t *testing.T) {
	manifest := func(sizes ...int64) *v1.Manifest {
		m := &v1.Manifest{Config: v1.Descriptor{Size: sizes[0]}}
		for _, size := range sizes[1:] {
			m.Layers = append(m.Layers, v1.Descriptor{Size: size})
		}
		return m
	}
	for want, sizes := range map[int64][]int64{
		5000:         {2, 5000, 2 << 20},
		2:            {2, 2 << 20},
		2 << 20:      {1, 3 << 20, 2 << 20, 4 << 20},
		maxProbe:     {maxProbe + 1, maxProbe, 17},
		maxProbe + 1: {0, maxProbe + 1},
	} {
		blob, ok := probeBlob(manifest(sizes...))
		require.True(t, ok)
		assert.Equal(t, want, blob.Size)
	}
	_, ok := probeBlob(manifest(0, 1))
	assert.False(t, ok)
}

func TestPublicNames(t *testing.T) {
	for _, host := range []string{"registry.example.com", "a.b.", "ghcr.io"} {
		assert.True(t, isPublicName(host), host)
	}
	for _, host := range []string{"registry", "192.0.2.1", "2001:db8::1", "registry.store.lan", "r.LOCAL", "x.internal.", "a.home.arpa"} {
		assert.False(t, isPublicName(host), host)
	}
}

func TestReportAsJSON(t *testing.T) {
	link, tls := pass("eth0 up"), warn("not-verified", "x", "why", "what")
	link.Code, tls.Code = CodeLink, CodeTLS
	report := Report{Host: []Finding{link}, Ways: []Way{{Target: "a", Why: "argument", Findings: []Finding{tls, skip("x")}}}}
	text, err := json.Marshal(report)
	require.NoError(t, err)
	assert.JSONEq(t, `{"schemaVersion":1,"verdict":"warn",
		"host":[{"code":"network.link","verdict":"pass","measured":"eth0 up","milliseconds":0}],
		"ways":[{"target":"a","why":"argument","findings":[
			{"code":"network.tls","cause":"not-verified","verdict":"warn","measured":"x","reason":"why","remedy":"what","milliseconds":0},
			{"code":"","verdict":"skipped","skippedBecause":"x","milliseconds":0}]}]}`, string(text))
}
