package reader

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf16"
)

// Partition is a part of a disk, in bytes.
type Partition struct {
	Name          string
	Offset, Bytes int64
}

// sector is the unit of the tables that are read here: QEMU's disks have no other.
const sector = 512

// tableBytes is enough of a disk's beginning for its partition table.
const tableBytes = 1 << 20

// Partitions reads the partition table of a raw disk, of which the beginning is enough.
func Partitions(raw string) ([]Partition, error) {
	file, err := os.Open(raw)
	if err != nil {
		return nil, fmt.Errorf("reading the partition table: %w", err)
	}
	defer file.Close()
	head, err := io.ReadAll(io.LimitReader(file, tableBytes))
	if err != nil {
		return nil, fmt.Errorf("reading the partition table of %s: %w", raw, err)
	}
	return parseTable(head)
}

// parseTable reads a GUID partition table (UEFI specification, chapter 5.3) from a disk's beginning.
func parseTable(disk []byte) ([]Partition, error) {
	if len(disk) < 2*sector || !bytes.HasPrefix(disk[sector:], []byte("EFI PART")) {
		return nil, errors.New("the disk has no GUID partition table")
	}
	header := disk[sector:]
	start := binary.LittleEndian.Uint64(header[72:])
	count := binary.LittleEndian.Uint32(header[80:])
	size := binary.LittleEndian.Uint32(header[84:])
	const entryBytes, maxEntries = 128, 1024
	if size < entryBytes || size > sector || count > maxEntries || start > tableBytes/sector {
		return nil, fmt.Errorf("a partition table of %d entries with %d bytes at sector %d", count, size, start)
	}
	var parts []Partition
	for i := range int64(count) {
		at := int64(start)*sector + i*int64(size)
		if at+entryBytes > int64(len(disk)) {
			return nil, errors.New("the partition table is cut off")
		}
		entry := disk[at : at+entryBytes]
		if bytes.Equal(entry[:16], make([]byte, 16)) {
			continue // unused
		}
		first, last := binary.LittleEndian.Uint64(entry[32:]), binary.LittleEndian.Uint64(entry[40:])
		const maxSector = 1 << 50 // more than any disk
		if first > last || last > maxSector {
			return nil, fmt.Errorf("partition %d goes from sector %d to %d", i+1, first, last)
		}
		parts = append(parts, Partition{
			Name: entryName(entry[56:128]), Offset: int64(first) * sector, Bytes: int64(last-first+1) * sector,
		})
	}
	return parts, nil
}

// entryName reads a name of UTF-16, filled up with zeros.
func entryName(data []byte) string {
	units := make([]uint16, len(data)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(data[2*i:])
	}
	name, _, _ := strings.Cut(string(utf16.Decode(units)), "\x00")
	return name
}
