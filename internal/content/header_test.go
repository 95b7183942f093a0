package content

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/fault"
)

func sourceOf(t require.TestingT, size int64) *blobSource {
	repo, err := name.NewRepository("registry.test/store")
	require.NoError(t, err)
	return &blobSource{repo: repo, blob: Descriptor{Digest: descriptorOf(nil).Digest, Size: size}}
}

func TestCheckRange(t *testing.T) {
	src := sourceOf(t, 100)
	require.NoError(t, src.checkRange("bytes 10-19/100", 10, 20))
	require.NoError(t, src.checkRange("bytes 10-19/*", 10, 20))
	for _, text := range []string{"", "bytes 10-19", "bytes 10-20/100", "bytes 11-19/100", "bytes */100", "items 10-19/100", "bytes 10-99999999999999999999/100"} {
		requireFault(t, src.checkRange(text, 10, 20), fault.Retry, "registry.bad-range")
	}
	requireFault(t, src.checkRange("bytes 10-19/101", 10, 20), fault.Input, "content.corrupt")
}

func FuzzCheckRange(f *testing.F) {
	f.Add("bytes 10-19/100")
	f.Add("bytes 10-19/*")
	f.Add("bytes -1--2/ ")
	f.Fuzz(func(t *testing.T, text string) {
		// Whatever the header says, a range is only accepted as the one asked for.
		if sourceOf(t, 100).checkRange(text, 10, 20) == nil {
			require.Error(t, sourceOf(t, 100).checkRange(text, 10, 21), "%q", text)
			require.Error(t, sourceOf(t, 100).checkRange(text, 9, 20), "%q", text)
		}
	})
}

func TestWithRetryAfter(t *testing.T) {
	cause := errors.New("busy")
	for value, want := range map[string]time.Duration{
		"20": 20 * time.Second, "0": 0, "-1": 0, "": 0, "soon": 0, "99999999999999": (1 << 20) * time.Second, "9999999": (1 << 20) * time.Second,
		"Mon, 01 Jan 2001 00:00:00 GMT": 0,
	} {
		err := withRetryAfter(cause, &http.Response{Header: http.Header{"Retry-After": {value}}})
		require.ErrorIs(t, err, cause)
		var asked *backoff.RetryAfterError
		if errors.As(err, &asked) {
			assert.Equal(t, want, asked.Duration, value)
		} else {
			assert.Zero(t, want, value)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("20")
	f.Add("Fri, 01 Jan 2100 00:00:00 GMT")
	f.Fuzz(func(t *testing.T, value string) {
		err := withRetryAfter(errors.New("busy"), &http.Response{Header: http.Header{"Retry-After": {value}}})
		var asked *backoff.RetryAfterError
		if errors.As(err, &asked) {
			require.Positive(t, asked.Duration)
		}
	})
}
