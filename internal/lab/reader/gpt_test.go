package reader

import (
	"encoding/binary"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/require"
)

// table makes the beginning of a disk with these partitions, first and last sectors.
func table(names []string, first, last []uint64) []byte {
	disk := make([]byte, 34*sector)
	header := disk[sector:]
	copy(header, "EFI PART")
	binary.LittleEndian.PutUint64(header[72:], 2)
	binary.LittleEndian.PutUint32(header[80:], 128)
	binary.LittleEndian.PutUint32(header[84:], 128)
	for i, name := range names {
		entry := disk[2*sector+i*256:] // every second entry is unused
		entry[0] = 1
		binary.LittleEndian.PutUint64(entry[32:], first[i])
		binary.LittleEndian.PutUint64(entry[40:], last[i])
		for n, unit := range utf16.Encode([]rune(name)) {
			binary.LittleEndian.PutUint16(entry[56+2*n:], unit)
		}
	}
	return disk
}

func TestPartitionsAreInBytes(t *testing.T) {
	parts, err := parseTable(table([]string{"efi", "state"}, []uint64{2048, 6144}, []uint64{6143, 6151}))
	require.NoError(t, err)
	require.Equal(t, []Partition{{"efi", 1 << 20, 2 << 20}, {"state", 3 << 20, 4096}}, parts)

	_, err = parseTable(table([]string{"broken"}, []uint64{10}, []uint64{9}))
	require.ErrorContains(t, err, "from sector 10 to 9")
	_, err = parseTable(make([]byte, 4096))
	require.ErrorContains(t, err, "no GUID partition table")
	_, err = parseTable(table(nil, nil, nil)[:3*sector])
	require.ErrorContains(t, err, "cut off")
}

func FuzzParseTable(f *testing.F) {
	f.Add(table([]string{"efi"}, []uint64{34}, []uint64{99}))
	f.Fuzz(func(t *testing.T, disk []byte) {
		parts, err := parseTable(disk)
		if err != nil {
			require.Empty(t, parts)
		}
		for _, p := range parts {
			require.Positive(t, p.Bytes)
			require.GreaterOrEqual(t, p.Offset, int64(0))
		}
	})
}
