package fault

import "errors"

// ExitCode is one row of the table of exit codes, which all verbs share.
type ExitCode struct {
	Code    int
	Name    string
	Meaning string
}

// The exit codes. 64 and above are those of sysexits.h, so that scripts can rely on names they know.
const (
	ExitOK          = 0
	ExitWarn        = 1
	ExitNotFine     = 2
	ExitUsage       = 64
	ExitInput       = 65
	ExitUnavailable = 69
	ExitInternal    = 70
	ExitRefused     = 73
	ExitTryAgain    = 75
	ExitDenied      = 77
)

// ExitCodes is the table, as help and documentation print it.
func ExitCodes() []ExitCode {
	return []ExitCode{
		{ExitOK, "ok", "done, or everything asked about is fine"},
		{ExitWarn, "warning", "fine, with warnings worth reading"},
		{ExitNotFine, "not-fine", "the thing asked about is not fine (a failed check, an unhealthy host)"},
		{ExitUsage, "usage", "the command line is wrong"},
		{ExitInput, "input", "a file, reference or answer from outside is wrong"},
		{ExitUnavailable, "unavailable", "something outside must change first (no room, no link, the agent is not running)"},
		{ExitInternal, "internal", "stylet or the host broke a rule; please report it"},
		{ExitRefused, "refused", "stylet will not do this, and says why"},
		{ExitTryAgain, "try-again", "the same call may succeed soon"},
		{ExitDenied, "denied", "the caller lacks the right"},
	}
}

// Exit is an error that carries an exit code and nothing to print: the verb has said it all.
type Exit int

func (Exit) Error() string { return "exit" }

// ExitCodeOf maps an error to its exit code.
func ExitCodeOf(err error) int {
	if err == nil {
		return ExitOK
	}
	var exit Exit
	if errors.As(err, &exit) {
		return int(exit)
	}
	switch KindOf(err) {
	case Retry:
		return ExitTryAgain
	case Wait:
		return ExitUnavailable
	case Input:
		return ExitInput
	case Usage:
		return ExitUsage
	case Refused:
		return ExitRefused
	case Denied:
		return ExitDenied
	case Internal:
	}
	return ExitInternal
}
