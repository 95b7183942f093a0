package identity

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

const productUUID = "/sys/class/dmi/id/product_uuid"

func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	return root
}

// The documented order, and what machines really answer.
//
// Requirement: A3, C4
func TestTheIDOfAHost(t *testing.T) {
	const good = "4C4C4544-0036-3310-8054-B7C04F4D3532\n"
	for name, c := range map[string]struct {
		files    map[string]string
		place    v1alpha1.Place
		id, from string // id is an expression
	}{
		"the hardware's UUID":      {map[string]string{productUUID: good}, v1alpha1.Place{}, "edge-4C4C4544-0036-3310-8054-B7C04F4D3532", productUUID},
		"a prefix":                 {map[string]string{productUUID: good}, v1alpha1.Place{Prefix: "till"}, "till-4C4C4544-0036-3310-8054-B7C04F4D3532", productUUID},
		"the name wins":            {map[string]string{productUUID: good}, v1alpha1.Place{Name: "till-7", Prefix: "x"}, "till-7", "site.name"},
		"$random is random":        {map[string]string{productUUID: good}, v1alpha1.Place{Name: "$random"}, "edge-[a-z2-7]{26}", "random"},
		"zeros are no ID":          {map[string]string{productUUID: "00000000-0000-0000-0000-000000000000"}, v1alpha1.Place{}, "edge-[a-z2-7]{26}", "random"},
		"ones are no ID":           {map[string]string{productUUID: "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"}, v1alpha1.Place{}, "edge-[a-z2-7]{26}", "random"},
		"AMI's default is no ID":   {map[string]string{productUUID: "03000200-0400-0500-0006-000700080009"}, v1alpha1.Place{}, "edge-[a-z2-7]{26}", "random"},
		"never the machine-id":     {map[string]string{"/etc/machine-id": "0123456789abcdef0123456789abcdef\n"}, v1alpha1.Place{}, "edge-[a-z2-7]{26}", "random"},
		"an Orin's serial number":  {map[string]string{"/sys/firmware/devicetree/base/serial-number": "1421022074531\x00"}, v1alpha1.Place{}, "edge-1421022074531", "/sys/firmware/devicetree/base/serial-number"},
		"the site's own file":      {map[string]string{"/etc/asset": "tag=77/A\n", productUUID: good}, v1alpha1.Place{DeviceUIDPaths: []v1alpha1.DeviceUIDPath{{Name: "/etc/asset", Regex: `tag=(\S+)`}}}, "edge-77-A", "/etc/asset"},
		"a whole match":            {map[string]string{"/etc/asset": "serial 4711 of 9"}, v1alpha1.Place{DeviceUIDPaths: []v1alpha1.DeviceUIDPath{{Name: "/etc/asset", Regex: `[0-9]{4}`}}}, "edge-4711", "/etc/asset"},
		"the next file":            {map[string]string{"/b": "two"}, v1alpha1.Place{DeviceUIDPaths: []v1alpha1.DeviceUIDPath{{Name: "/a"}, {Name: "/b"}}}, "edge-two", "/b"},
		"only the files named":     {map[string]string{productUUID: good}, v1alpha1.Place{DeviceUIDPaths: []v1alpha1.DeviceUIDPath{{Name: "/a"}}}, "edge-[a-z2-7]{26}", "random"},
		"128 characters at most":   {map[string]string{"/a": strings.Repeat("ab", 100)}, v1alpha1.Place{DeviceUIDPaths: []v1alpha1.DeviceUIDPath{{Name: "/a"}}}, "edge-(ab){61}a", "/a"},
		"what the expression lost": {map[string]string{"/a": "x"}, v1alpha1.Place{DeviceUIDPaths: []v1alpha1.DeviceUIDPath{{Name: "/a", Regex: "y"}}}, "edge-[a-z2-7]{26}", "random"},
	} {
		t.Run(name, func(t *testing.T) {
			record, err := Keep("", tree(t, c.files), c.place)
			require.NoError(t, err)
			assert.Regexp(t, "^"+c.id+"$", record.ID)
			assert.Equal(t, c.from, record.From)
		})
	}
}

// Requirement: C4
func TestTheIDIsKept(t *testing.T) {
	oem := t.TempDir()
	first, err := Keep(oem, tree(t, map[string]string{productUUID: "4C4C4544-0036"}), v1alpha1.Place{})
	require.NoError(t, err)
	kept, err := Read(oem)
	require.NoError(t, err)
	assert.Equal(t, first, kept)

	again, err := Keep(oem, tree(t, map[string]string{productUUID: "another board"}), v1alpha1.Place{Prefix: "other"})
	require.NoError(t, err)
	assert.Equal(t, first, again, "another board does not make another host of it")

	named, err := Keep(oem, t.TempDir(), v1alpha1.Place{Name: "till-7"})
	require.NoError(t, err)
	assert.Equal(t, "till-7", named.ID, "the site's word wins")

	unnamed, err := Keep(oem, t.TempDir(), v1alpha1.Place{})
	require.NoError(t, err)
	assert.Equal(t, first, unnamed, "a name that is taken back leaves the ID as it was")

	require.NoError(t, os.WriteFile(filepath.Join(oem, RecordFile), []byte(`{"id`), 0o600))
	_, err = Read(oem)
	require.Error(t, err)
	repaired, err := Keep(oem, tree(t, map[string]string{productUUID: "4C4C4544-0036"}), v1alpha1.Place{})
	require.NoError(t, err)
	assert.Equal(t, first, repaired, "a damaged record is found again from the hardware")

	missing, err := Read(filepath.Join(oem, "no"))
	require.NoError(t, err)
	assert.Zero(t, missing)
}

// Requirement: A3
func TestHostName(t *testing.T) {
	for id, want := range map[string]string{
		"edge-4C4C4544_0036":    "edge-4c4c4544-0036",
		"till-7":                "till-7",
		"--":                    "localhost",
		strings.Repeat("a", 70): strings.Repeat("a", 63),
	} {
		assert.Equal(t, want, HostName(id, v1alpha1.Place{}))
	}
	assert.Equal(t, "till.example", HostName("x", v1alpha1.Place{HostName: "till.example"}))
}

// Requirement: A3
func TestTags(t *testing.T) {
	lines, err := ParseTagFile([]byte("city: Bern\n\nshelf:a,b:c\n"), v1alpha1.TagsFromFile{})
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"city": "Bern", "shelf": "a,b:c"}, lines)

	other, err := ParseTagFile([]byte("city=Bern;zip=3000;"), v1alpha1.TagsFromFile{Delimiter: ";", Separator: "="})
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"city": "Bern", "zip": "3000"}, other)

	_, err = ParseTagFile([]byte("city"), v1alpha1.TagsFromFile{Delimiter: `\n`})
	require.ErrorContains(t, err, `"city" is not NAME:VALUE`)

	printed, err := ParseTagOutput([]byte(`{"zip": 3000, "open": true, "note": null, "city": "Bern"}`))
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"zip": "3000", "open": "true", "note": "", "city": "Bern"}, printed)
	for _, bad := range []string{"", "[]", `{"a": {}}`, `{} {}`} {
		_, err := ParseTagOutput([]byte(bad))
		require.Error(t, err, bad)
	}
	assert.Equal(t, map[string]string{"a": "1", "b": "2"}, MergeTags(map[string]string{"a": "1"}, map[string]string{"a": "0", "b": "2"}))
}

func FuzzTags(f *testing.F) {
	f.Add([]byte("a:b\n"), ":", "\n")
	f.Add([]byte(`{"a": 1}`), "", "")
	f.Fuzz(func(t *testing.T, data []byte, separator, delimiter string) {
		if tags, err := ParseTagFile(data, v1alpha1.TagsFromFile{Separator: separator, Delimiter: delimiter}); err == nil {
			assert.NotContains(t, tags, "")
		}
		_, _ = ParseTagOutput(data)
	})
}

func FuzzPick(f *testing.F) {
	f.Add("text", "t(e)")
	f.Fuzz(func(t *testing.T, text, expression string) {
		root := tree(t, map[string]string{"/f": text})
		id, _ := Derive(root, []v1alpha1.DeviceUIDPath{{Name: "/f", Regex: expression}})
		assert.LessOrEqual(t, len(id), maxID)
		assert.False(t, strings.ContainsAny(id, forbidden+" \n\t"), "%q", id)
	})
}
