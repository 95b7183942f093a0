package qemu

// cleaner turns a terminal's byte stream into plain lines: escape sequences, carriage returns and
// other control bytes go, a cursor movement to another place, and back to where it was, ends the line. It may be fed in
// pieces of any size.
type cleaner struct {
	state    cleanState
	lineOpen bool // the current line has text
}

type cleanState int

const (
	inText cleanState = iota
	afterEscape
	inSequence // ESC [ ... letter
	inString   // ESC ] ... BEL
)

// clean appends what remains of data to dst.
func (c *cleaner) clean(dst, data []byte) []byte {
	for _, b := range data {
		switch c.state {
		case inText:
			dst = c.text(dst, b)
		case afterEscape:
			switch b {
			case '[':
				c.state = inSequence
			case ']', 'P', '_', '^':
				c.state = inString
			case '8': // DECRC
				c.state = inText
				if c.lineOpen {
					dst = c.newline(dst)
				}
			default:
				c.state = inText
			}
		case inSequence:
			if b >= 0x40 && b <= 0x7e {
				c.state = inText
				if c.lineOpen && (b == 'H' || b == 'f' || b == 'J') {
					dst = c.newline(dst)
				}
			}
		case inString:
			switch b {
			case 0x07, '\n': // a line's end, too: a broken sequence must not swallow the rest
				c.state = inText
			case 0x1b:
				c.state = afterEscape // ESC \ ends it
			}
		}
	}
	return dst
}

func (c *cleaner) text(dst []byte, b byte) []byte {
	switch {
	case b == 0x1b:
		c.state = afterEscape
	case b == '\n':
		return c.newline(dst)
	case b == '\t' || b >= 0x20 && b != 0x7f:
		c.lineOpen = true
		return append(dst, b)
	}
	return dst
}

func (c *cleaner) newline(dst []byte) []byte {
	c.lineOpen = false
	return append(dst, '\n')
}
