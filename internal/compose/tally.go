package compose

// tally turns the work of a composition into one progress. The unit is a byte of the image: each
// is written once, while the layers are unpacked, and read once, while the image is summed up.
// Between the two the kernel writes back, which tells nobody how far it has come: the progress
// stands still there, at the half, and not at its end.
type tally struct {
	report func(done, total int64)
	// size is the image's, known before anything is unpacked.
	size int64
	// input is the compressed layers' total size; taken and read count up to input and size.
	input, taken, read int64
}

func newTally(layers []LayerFile, report func(done, total int64)) tally {
	t := tally{report: report}
	for _, l := range layers {
		t.input += l.Layer.Content.Size
	}
	return t
}

// consumed counts n bytes of compressed input.
func (t *tally) consumed(n int) {
	t.taken += int64(n)
	t.tell()
}

// summed counts n bytes of the image read back.
func (t *tally) summed(n int) {
	t.read += int64(n)
	t.tell()
}

func (t *tally) tell() {
	if t.report == nil || t.input == 0 {
		return
	}
	written := int64(float64(t.size) * (float64(t.taken) / float64(t.input)))
	t.report(written+t.read, 2*t.size)
}
