package console

import (
	"io"
	"time"
)

// view is how a terminal shows states.
type view interface {
	// show shows a state if it looks different, or again.
	show(s State, again bool) error
	leave() error
}

func newView(t *Terminal) view {
	charset, palette := abilities(t.kind)
	if t.dumb() {
		return &lines{out: t.out}
	}
	return &screenView{terminal: t, charset: charset, painter: painter{out: t.out, palette: palette}}
}

// screenView keeps a screen in its place.
type screenView struct {
	terminal *Terminal
	charset  Charset
	painter  painter
}

func (v *screenView) show(s State, again bool) error {
	return v.painter.paint(s.Screen().Frame(v.terminal.size(), v.charset), again)
}

func (v *screenView) leave() error { return v.painter.leave() }

// lines is a terminal that cannot move its cursor, such as a printer or a log: the screen is written
// again when it says something else, and not more often than can be read.
type lines struct {
	out  io.Writer
	last string
	at   time.Time
}

// linesPause is the shortest time between two screens on a dumb terminal.
const linesPause = 10 * time.Second

func (v *lines) show(s State, again bool) error {
	timeless := s
	timeless.Now = time.Time{} // a new minute is no news
	key := timeless.Screen().Frame(Size{}, ASCII).Text()
	if !again && (key == v.last || s.Now.Sub(v.at) < linesPause) {
		return nil
	}
	v.last, v.at = key, s.Now
	return writeText(v.out, s, Size{})
}

func (v *lines) leave() error { return nil }

func writeText(out io.Writer, s State, size Size) error {
	_, err := io.WriteString(out, s.Screen().Frame(size, ASCII).Text())
	return err
}
