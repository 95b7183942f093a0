package screen

import (
	"bytes"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestASerialTerminalIsReadAndDrawn(t *testing.T) {
	s := NewSerial()
	_, err := s.Write([]byte("\x1b[19;24r\x1b[1;1H\x1b[1;7m title \x1b[m\x1b[2;3H\x1b[31mred\x1b[m\x1b[24;1Hone\r\ntwo"))
	require.NoError(t, err)
	lines := s.Lines()
	require.Equal(t, " title", lines[0])
	require.Equal(t, "  red", lines[1])
	require.Equal(t, []string{"one", "two"}, lines[22:])
	var drawn bytes.Buffer
	require.NoError(t, s.PNG(&drawn))
	picture, err := png.Decode(&drawn)
	require.NoError(t, err)
	require.Equal(t, image.Rect(0, 0, 640, 384), picture.Bounds())
	for y, line := range lines {
		checkInk(t, picture, y, line, columns)
	}
	require.Equal(t, palette()[1], picture.At(0, 0), "reversed")
	require.Equal(t, palette()[0], picture.At(0, 100))
}

// checkInk holds a row of a picture of 8x16 cells to its text: where there is a character there is ink.
func checkInk(t *testing.T, picture image.Image, y int, line string, columns int) {
	t.Helper()
	text := []rune(line)
	for x := range columns {
		colours := map[any]bool{}
		for dy := range cellHeight {
			for dx := range cellWidth {
				colours[picture.At(x*cellWidth+dx, y*cellHeight+dy)] = true
			}
		}
		written := x < len(text) && text[x] != ' '
		require.Equal(t, written, len(colours) > 1, "row %d, column %d of %q", y, x, line)
	}
}

// The pictures in the documentation say what the texts beside them say, which every smoke run holds to what
// the consoles show.
//
// Requirement: U4
func TestThePicturesSayWhatTheTextsSay(t *testing.T) {
	for _, name := range []string{"console-vt", "console-serial"} {
		docs := filepath.Join("..", "..", "..", "docs", name)
		drawn, err := os.ReadFile(docs + ".png")
		require.NoError(t, err)
		picture, err := png.Decode(bytes.NewReader(drawn))
		require.NoError(t, err)
		text, err := os.ReadFile(docs + ".txt")
		require.NoError(t, err)
		lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
		require.Greater(t, len(lines), 8)
		require.Contains(t, string(text), "Press Enter to log in")
		for y, line := range lines {
			checkInk(t, picture, y, line, picture.Bounds().Dx()/cellWidth)
		}
	}
}
