package v1alpha1

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestImageRecordIsReadWholeOrNotAtAll(t *testing.T) {
	manifest := ImageManifest{SchemaVersion: 1, Architecture: "amd64"}
	want := ImageRecord{ID: manifest.ID(), Manifest: manifest, Profile: "store 1.0.0", Tree: DigestOf([]byte("tree"))}
	data, err := json.Marshal(want)
	require.NoError(t, err)
	got, err := ParseImageRecord(data)
	require.NoError(t, err)
	require.Equal(t, want, got)
	for name, bad := range map[string]string{
		"torn":       string(data[:len(data)-2]),
		"a wrong ID": `{"id": "../../etc/passwd"}`,
		"a number":   `{"id": "` + string(want.ID) + `", "profile": 7}`,
		"zeros":      "\x00\x00\x00",
	} {
		got, err := ParseImageRecord([]byte(bad))
		require.Error(t, err, name)
		require.Zero(t, got, name)
	}
}

func FuzzParseImageRecord(f *testing.F) {
	f.Add([]byte(`{"id":"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef","manifest":{"layers":[{"kind":"os"}]}}`))
	f.Add([]byte(`{"id":"x"}`))
	f.Add([]byte("null"))
	f.Fuzz(func(t *testing.T, data []byte) {
		record, err := ParseImageRecord(data)
		if err != nil {
			require.Zero(t, record)
			return
		}
		require.Contains(t, []int{0, 12}, len(record.ID.Short()), "it names units, files and boot entries")
		again, err := json.Marshal(record)
		require.NoError(t, err)
		back, err := ParseImageRecord(again)
		require.NoError(t, err)
		require.Equal(t, record.Manifest.ID(), back.Manifest.ID(), "the identity survives being written again")
	})
}
