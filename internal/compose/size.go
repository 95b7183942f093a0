package compose

import "github.com/stylet-edge/stylet/pkg/api/v1alpha1"

// The geometry of the images: mke2fs is told it, and SizeFor counts with it.
const (
	blockBytes = 4096
	inodeBytes = 256
	mib        = 1 << 20
	groupBytes = 8 * blockBytes * blockBytes // one bitmap block describes a group

	// nameBytes is the most that a name takes in its directory: 255 bytes and 8 of header,
	// rounded up to 4, in blocks of which a hashed directory may leave half empty.
	nameBytes = 2 * 264
	// reserveBytes is what the hooks of kairos-agent and the agent's own small files may use.
	reserveBytes = 32 * mib
	// spareInodes covers parents that a layer's tar does not list, and the agent's files.
	spareInodes = 2048
)

// SizeFor gives the size in bytes of an image file that holds these layers and an agent of that
// many bytes, whatever the shape of their trees. It is known before anything is downloaded, so
// that an image that is too big is refused early.
//
// The bound: an entry is either a directory or a long link, which takes one block beside its
// names, or a regular file, whose declared bytes are whole blocks and which takes at most one
// block of indirection, and one more for each 2 MiB.
func SizeFor(contents []v1alpha1.LayerContent, agentBytes int64) int64 {
	data, entries := totals(contents, agentBytes)
	size := data + data/512 + (entries+spareInodes/4)*(blockBytes+nameBytes)
	size += inodesFor(entries) * inodeBytes
	size += size / 32 // about 3 %: extended attributes, and room for the hooks
	size += reserveBytes
	// Each group has two bitmaps, and perhaps a copy of the superblock and of the descriptors.
	groups := size/groupBytes + 2
	size += groups * (3 + size/groupBytes/128 + 1) * blockBytes
	return (size + mib - 1) / mib * mib
}

// inodesFor gives the number of inodes for that many entries.
func inodesFor(entries int64) int64 { return entries + spareInodes }

// totals sums up bytes in whole blocks, and entries.
func totals(contents []v1alpha1.LayerContent, agentBytes int64) (data, entries int64) {
	data = roundUp(agentBytes)
	for _, c := range contents {
		data += c.UnpackedBytes
		entries += c.Files
	}
	return data, entries
}

// roundUp gives the bytes of the blocks that hold n bytes.
func roundUp(n int64) int64 { return (n + blockBytes - 1) / blockBytes * blockBytes }
