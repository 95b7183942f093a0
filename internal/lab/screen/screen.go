// Package screen sees terminals as a person does: it interprets what a serial line really got, by a
// terminal emulator, and draws it.
package screen

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"strings"

	"github.com/hinshun/vt10x"
	"golang.org/x/image/font"
	"golang.org/x/image/font/inconsolata"
	"golang.org/x/image/math/fixed"
)

// The terminal that a person has at the other end of a serial line, in characters.
const columns, rows = 80, 24

// Serial is such a terminal. It may be written to and read at the same time.
type Serial struct{ terminal vt10x.Terminal }

// NewSerial makes an empty one.
func NewSerial() *Serial {
	return &Serial{terminal: vt10x.New(vt10x.WithSize(columns, rows))}
}

var _ io.Writer = (*Serial)(nil)

// Write takes what the line got.
func (s *Serial) Write(data []byte) (int, error) { return s.terminal.Write(data) }

// Lines are what a person reads, without spaces at the ends.
func (s *Serial) Lines() []string {
	s.terminal.Lock()
	defer s.terminal.Unlock()
	lines := make([]string, rows)
	for y := range rows {
		var line strings.Builder
		for x := range columns {
			line.WriteRune(shown(s.terminal.Cell(x, y).Char))
		}
		lines[y] = strings.TrimRight(line.String(), " ")
	}
	return lines
}

// shown is the character of a cell: an empty one has none.
func shown(r rune) rune {
	if r < ' ' {
		return ' '
	}
	return r
}

// attrBold is an attribute of a cell, which vt10x keeps without naming it (its state.go).
const attrBold = 4

const cellWidth, cellHeight = 8, 16 // of the font

// PNG draws the terminal as it is.
func (s *Serial) PNG(w io.Writer) error {
	s.terminal.Lock()
	defer s.terminal.Unlock()
	picture := image.NewPaletted(image.Rect(0, 0, columns*cellWidth, rows*cellHeight), palette())
	for y := range rows {
		for x := range columns {
			drawCell(picture, x, y, s.terminal.Cell(x, y))
		}
	}
	if err := png.Encode(w, picture); err != nil {
		return fmt.Errorf("drawing the terminal: %w", err)
	}
	return nil
}

// palette is grey on black, as the default of most terminals; the eight colours of ECMA-48 follow.
func palette() color.Palette {
	grey := func(r, g, b uint8) color.RGBA { return color.RGBA{R: r, G: g, B: b, A: 255} }
	return color.Palette{
		grey(0, 0, 0), grey(200, 200, 200),
		grey(205, 60, 60), grey(80, 190, 90), grey(215, 180, 70), grey(80, 120, 220), grey(190, 90, 190), grey(80, 190, 190),
		grey(255, 255, 255),
	}
}

// colourOf gives the palette's index of a cell's colour. What is bold was brightened by the emulator, and
// what is reversed has swapped colours.
func colourOf(c vt10x.Color) int {
	switch {
	case c == vt10x.DefaultBG || c == vt10x.Black:
		return 0
	case c >= vt10x.Red && c <= vt10x.Cyan:
		return int(c) + 1
	case c >= vt10x.LightRed && c <= vt10x.LightCyan:
		return int(c-vt10x.LightRed) + 2
	case c == vt10x.White:
		return 8
	}
	return 1
}

func drawCell(picture *image.Paletted, x, y int, cell vt10x.Glyph) {
	colours := palette()
	fore, back := colourOf(cell.FG), colourOf(cell.BG)
	face := inconsolata.Regular8x16
	if cell.Mode&attrBold != 0 {
		face = inconsolata.Bold8x16
	}
	box := image.Rect(x*cellWidth, y*cellHeight, (x+1)*cellWidth, (y+1)*cellHeight)
	draw.Draw(picture, box, image.NewUniform(colours[back]), image.Point{}, draw.Src)
	pen := font.Drawer{
		Dst: picture.SubImage(box).(draw.Image), Src: image.NewUniform(colours[fore]), Face: face, //nolint:errcheck,forcetypeassert // a part of a Paletted is one
		Dot: fixed.P(box.Min.X, box.Min.Y+face.Ascent),
	}
	pen.DrawString(string(shown(cell.Char)))
}
