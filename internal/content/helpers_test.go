package content

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/internal/base/fault"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// hurried gives up sooner than the default, so that tests of failures end.
var hurried = Patience{Stall: 2 * time.Second, Tries: 3, FirstPause: time.Millisecond, MaxPause: 5 * time.Millisecond}

// tester is what testing.T and rapid.T share.
type tester interface {
	require.TestingT
	Helper()
	Cleanup(f func())
}

func newStore(t tester, dir string) *Store {
	t.Helper()
	root, err := durable.Open(dir)
	require.NoError(t, err)
	t.Cleanup(func() { _ = root.Close() })
	store, err := OpenStoreWith(root, hurried)
	require.NoError(t, err)
	return store
}

// someBytes gives bytes that do not compress and differ by seed.
func someBytes(seed uint64, n int) []byte {
	data := make([]byte, n)
	random := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)})
	_, _ = random.Read(data)
	return data
}

func descriptorOf(data []byte) Descriptor {
	return Descriptor{Digest: v1alpha1.DigestOf(data), Size: int64(len(data))}
}

func requireBlob(t tester, store *Store, want []byte) {
	t.Helper()
	file, err := store.Open(v1alpha1.DigestOf(want))
	require.NoError(t, err)
	defer file.Close()
	got, err := io.ReadAll(file)
	require.NoError(t, err)
	require.Equal(t, v1alpha1.DigestOf(want), v1alpha1.DigestOf(got))
}

func requireFault(t tester, err error, kind fault.Kind, code string) {
	t.Helper()
	require.Error(t, err)
	require.Equal(t, code, fault.CodeOf(err), "%v", err)
	require.Equal(t, kind, fault.KindOf(err), "%v", err)
}

// memorySource gives bytes from memory, counts them, and fails as it is told.
type memorySource struct {
	data   []byte
	served int64
	asked  [][2]int64
	// before may change or refuse a request; it gets the number of the request, from 0.
	before func(ctx context.Context, n int, from, to int64) (Part, error)
}

var errNotHandled = errors.New("the memory source answers as usual")

func (s *memorySource) Name() string { return "memory" }

func (s *memorySource) Fetch(ctx context.Context, from, to int64) (Part, error) {
	s.asked = append(s.asked, [2]int64{from, to})
	if s.before != nil {
		part, err := s.before(ctx, len(s.asked)-1, from, to)
		if !errors.Is(err, errNotHandled) {
			return part, err
		}
	}
	return s.part(from, to, int(to-from)), nil
}

// part gives the bytes from to to, breaking off after so many of them.
func (s *memorySource) part(from, to int64, breakAfter int) Part {
	body := &servedReader{source: s, rest: s.data[from:min(from+int64(breakAfter), to)]}
	return Part{ReadCloser: io.NopCloser(body), From: from, To: to}
}

type servedReader struct {
	source *memorySource
	rest   []byte
}

func (r *servedReader) Read(buf []byte) (int, error) {
	if len(r.rest) == 0 {
		return 0, errors.New("the connection was reset")
	}
	n := copy(buf, r.rest)
	r.rest = r.rest[n:]
	r.source.served += int64(n)
	return n, nil
}
