package shell

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Credentials are what the login prompt asks for.
type Credentials struct{ User, Password string }

// guestDir is where the guest keeps pieces and outputs: memory, gone with the boot.
const guestDir = "/run/stylet-lab"

// functions is what the session's shell learns. Its state is files, so that every line may be
// typed again: a piece is overwritten with itself, a started command is not started twice.
//
// Kernel messages leave the console while the session lasts, but for errors: by one of these a host
// says why it goes back, and a panic is printed all the same.
const functions = `
dmesg -n 4 2>/dev/null
lab_piece() { printf %s "$3" >$lab/$1.in.$2 && echo "@piece $1 $2 ${#3}"; }
lab_start() {
	local f=$lab/$1 n
	if [ ! -e $f.sh ]; then
		for ((n = 0; n <= $2; n++)); do cat $f.in.$n; done 2>/dev/null | base64 -d >$f.new 2>/dev/null
		n=$(sha256sum <$f.new)
		if [ "${n%% *}" != "$3" ]; then echo "@damaged $1"; return; fi
		mv $f.new $f.sh; rm -f $f.in.*
		{ bash $f.sh >$f.out 2>&1 </dev/null; echo $? >$f.code.new; mv $f.code.new $f.code; } &
	fi
	echo "@started $1"
}
lab_state() {
	local c
	if [ -e $lab/$1.code ]; then read -r c <$lab/$1.code; echo "@ended $1 $c"; else echo "@running $1 0"; fi
}
lab_output() {
	local n=0 l s
	s=$(sha256sum <$lab/$1.out)
	while read -r l; do echo "@out $1 $n $l"; n=$((n + 1)); done < <(base64 -w 96 $lab/$1.out; echo)
	echo "@end $1 $n ${s%% *}"
}
`

// Login waits for the login prompt, answers it, and prepares the session. ctx bounds it all, the
// boot before the prompt included.
func Login(ctx context.Context, console Console, who Credentials) (*Shell, error) {
	return login(ctx, console, who, guestDir, defaultTiming())
}

func login(ctx context.Context, console Console, who Credentials, dir string, t timing) (*Shell, error) {
	s := &Shell{console: console, session: strconv.FormatInt(time.Now().UnixMilli(), 36), timing: t}
	for {
		if err := s.enter(ctx, who); err != nil {
			return nil, fmt.Errorf("logging in at the console: %w", err)
		}
		err := s.prepare(ctx, dir)
		if err == nil {
			return s, nil
		}
		if ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
			return nil, fmt.Errorf("preparing the shell at the console: %w", err)
		}
		// No shell listens: the session ended meanwhile. From the start.
	}
}

// Logout ends the session: the console shows the login prompt again. Commands in the background
// go on.
func (s *Shell) Logout() error { return s.console.Type("stty sane; exit\n") }

var (
	// The console shows a screen of state, and leads to the prompt by Enter.
	appeared = regexp.MustCompile(`login:|Press Enter to log in`)
	// The second is the shell of an attempt to log in that was given up for its slowness.
	prompt = regexp.MustCompile(`login: *$|(?:\S+@\S+:\S*|bash-[\d.]+)[#$] *$`)
	asked  = regexp.MustCompile(`Password: *$`)
	// A prompt, not any line that stops at a #: the greeting has one ("#1 SMP").
	answered = regexp.MustCompile(`Login incorrect|(?:\S+@\S+:\S*|bash-[\d.]+)[#$] *$`)
)

// enter answers the login prompt. Nothing is typed before it, or the screen of state that has taken its
// place, has appeared: a key would stop the boot loader. Then Enter is pressed until the prompt stands at the end of the text: messages of
// the boot may have pushed it away.
func (s *Shell) enter(ctx context.Context, who Credentials) error {
	if _, err := s.console.WaitFor(ctx, 0, appeared); err != nil {
		return err
	}
	for {
		stands, err := s.exchange(ctx, "", prompt)
		if err != nil || !strings.HasPrefix(stands, "login:") {
			return err
		}
		if _, err := s.once(ctx, who.User, asked); err != nil {
			if ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
				return err
			}
			continue // the name was garbled, or a message came between: once more
		}
		from := s.console.Position()
		if err := s.console.Type(who.Password + "\n"); err != nil {
			return err
		}
		answer, err := s.within(ctx, from, answered)
		if err != nil {
			return err
		}
		if !strings.HasPrefix(answer, "Login") {
			return nil
		}
	}
}

// exchange types a line until the answer comes, without end but ctx's.
func (s *Shell) exchange(ctx context.Context, line string, answer *regexp.Regexp) (string, error) {
	for {
		text, err := s.once(ctx, line, answer)
		if err == nil || ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
			return text, err
		}
	}
}

// once types a line and waits for its answer.
func (s *Shell) once(ctx context.Context, line string, answer *regexp.Regexp) (string, error) {
	from := s.console.Position()
	if err := s.console.Type(line + "\n"); err != nil {
		return "", err
	}
	return s.within(ctx, from, answer)
}

func (s *Shell) within(ctx context.Context, from int, answer *regexp.Regexp) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timing.answer)
	defer cancel()
	match, err := s.console.WaitFor(ctx, from, answer)
	if err != nil {
		return "", err
	}
	return match.Groups[0], nil
}

// prepare makes the login shell quiet and teaches it its functions. They travel in acknowledged
// pieces too. What is typed never looks like its answer: until "stty -echo" works, it comes back.
func (s *Shell) prepare(ctx context.Context, dir string) error {
	// Ctrl-C leaves whatever was half typed. Without line editing the terminal's echo is bash's.
	if err := s.console.Type("\x03\n"); err != nil {
		return err
	}
	quiet := `set +o emacs +o vi +H +m; stty -echo; PS1= PS2= PROMPT_COMMAND= HISTFILE=; echo "@quiet $((6*7))"`
	if _, err := s.ask(ctx, quiet, `@quiet 42\b`); err != nil {
		return err
	}
	if _, err := s.ask(ctx, "lab="+dir+`; mkdir -p $lab; rm -f $lab/f.*; echo "@dir $((6*7))"`, `@dir 42\b`); err != nil {
		return err
	}
	pieces := 0
	for rest := base64.StdEncoding.EncodeToString([]byte(functions)); rest != ""; pieces++ {
		n := min(pieceBytes/2, len(rest))
		line := fmt.Sprintf(`printf %%s %s >$lab/f.%d; echo "@part $((%d))"`, rest[:n], pieces, pieces)
		if _, err := s.ask(ctx, line, fmt.Sprintf(`@part %d\b`, pieces)); err != nil {
			return err
		}
		rest = rest[n:]
	}
	join := fmt.Sprintf(`for ((n=0; n<%d; n++)); do cat $lab/f.$n; done | base64 -d >$lab/f.sh; sha256sum <$lab/f.sh`, pieces)
	answer, err := s.ask(ctx, join, `\b[0-9a-f]{64}\b`)
	if err != nil {
		return err
	}
	if sum := sha256.Sum256([]byte(functions)); answer.Groups[0] != hex.EncodeToString(sum[:]) {
		return errors.New("the shell's functions arrived damaged")
	}
	_, err = s.ask(ctx, `. $lab/f.sh; echo "@ready $((6*7))"`, `@ready 42\b`)
	return err
}
