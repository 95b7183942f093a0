package kairos

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kairos-io/kairos-sdk/constants"

	"github.com/stylet-edge/stylet/internal/base/command"
)

// Existing is what a disk already holds of a Kairos system, whoever installed it.
type Existing struct {
	// Labels are the file systems found, such as COS_STATE, and the names of partitions of a
	// Kairos system that are encrypted, such as "persistent (encrypted)".
	Labels []string
	// Began is true when stylet's own mark says that it began to install here and has not finished.
	Began bool
	// Holds is what must not be lost in spite of the mark, empty if there is nothing: the mark
	// stays when somebody else finishes, or uses, what stylet began.
	Holds string
}

// Occupied tells whether the disk must not be overwritten unasked. Every installation must not,
// but one: that which stylet itself began, which was cut off before its end, and in which nobody
// has put anything since. That one is done anew.
func (e Existing) Occupied() bool { return len(e.Labels) > 0 && (!e.Began || e.Holds != "") }

// String says it for people: "COS_OEM, COS_STATE".
func (e Existing) String() string {
	text := strings.Join(e.Labels, ", ")
	if e.Began && e.Holds != "" {
		text += "; begun by stylet and cut off, but it holds " + e.Holds
	}
	return text
}

// existingScript looks into the partitions of an installation that was begun, in a mount namespace
// of its own. $1 is any directory to mount over, $2 the mark of a finished installation; the rest
// are LABEL=DEVICE. Mounting replays journals: it must not be called for a disk that nobody may
// change.
const existingScript = `set -u
dir=$1 mark=$2
shift 2
for pair; do
  label=${pair%%=*}
  if ! mount -o ro "${pair#*=}" "$dir"; then
    echo "unreadable $label"
    continue
  fi
  case $label in
  COS_OEM) [ -e "$dir/$mark" ] && echo finished ;;
  COS_STATE) [ -e "$dir/cOS" ] && echo copied ;;
  COS_PERSISTENT)
    names=$(ls -A "$dir") || echo "unreadable $label"
    echo "$names" | sed 's,^,holds ,'
    if [ -d "$dir/.state" ]; then
      names=$(ls -A "$dir/.state") || echo "unreadable $label"
      echo "$names" | sed 's,^,holds .state/,'
    fi ;;
  esac
  umount "$dir"
done
exit 0
`

// LookForExisting looks at the drive for an installation. It changes nothing on a drive that is
// occupied, unless stylet began to install there.
func LookForExisting(ctx context.Context, runner command.Runner, device string) (Existing, error) {
	d, err := readDisk(ctx, runner, device)
	if err != nil {
		return Existing{}, err
	}
	return d.existing(ctx, runner)
}

func (d disk) existing(ctx context.Context, runner command.Runner) (Existing, error) {
	found := Existing{Labels: d.signs()}
	if len(found.Labels) == 0 {
		return found, nil
	}
	var err error
	if found.Began, err = hasBegan(d.node); err != nil || !found.Began {
		return found, err
	}
	if len(d.encrypted) > 0 {
		found.Holds = "an encrypted partition"
		return found, nil
	}
	found.Holds, err = d.holds(ctx, runner)
	return found, err
}

// signs are what an installation is known by.
func (d disk) signs() []string {
	var signs []string
	for _, label := range kairosLabels() {
		if d.byLabel[label] != "" {
			signs = append(signs, label)
		}
	}
	for _, name := range d.encrypted {
		signs = append(signs, name+" (encrypted)")
	}
	return signs
}

// holds says what of a begun installation must not be lost, empty if nothing. A file system that
// cannot be mounted may hold anything; mke2fs writes the superblock last, so that a cut never
// leaves one of kairos-agent's own that cannot be.
func (d disk) holds(ctx context.Context, runner command.Runner) (string, error) {
	argv := []string{"unshare", "--mount", "--propagation", "private", "sh", "-c", existingScript, "look", "/mnt", MarkPath}
	for _, label := range kairosLabels() {
		if d.byLabel[label] != "" {
			argv = append(argv, label+"="+d.byLabel[label])
		}
	}
	holds, copied := "", false
	_, err := runner.Run(ctx, command.Spec{
		Name: "look-for-existing", Argv: argv, Timeout: 2 * time.Minute,
		OnLine: func(line string) {
			copied = copied || line == "copied"
			if text := heldBy(line); text != "" && holds == "" {
				holds = text
			}
		},
	})
	if err != nil {
		return "", fmt.Errorf("looking into the installation on %s: %w", d.node, err)
	}
	if holds == "" && copied {
		holds = d.damaged()
	}
	return holds, nil
}

// heldBy reads a line of existingScript.
func heldBy(line string) string {
	what, name, _ := strings.Cut(line, " ")
	switch {
	case what == "finished":
		return "the mark of a finished installation"
	case what == "unreadable":
		return "a file system that cannot be read (" + name + ")"
	case what == "holds" && !slices.Contains(untouched(), name):
		return "data on " + constants.PersistentLabel + " (" + name + ")"
	}
	return ""
}

// untouched are the entries of COS_PERSISTENT before the first boot: mke2fs makes the first,
// kairos-agent's installation the others (its log is in the last). A booted system has a .bind
// in .state for each persistent path.
func untouched() []string {
	return []string{"", "lost+found", ".kairos-state", ".state", ".state/", ".state/var-log.bind"}
}

// damaged names a partition that could hold data, and on which no file system is seen although
// images were copied beside it. kairos-agent copies none before all partitions are formatted, and
// begin takes the images of an earlier attempt away, so that this is no trace of a cut.
func (d disk) damaged() string {
	for _, label := range []string{constants.OEMLabel, constants.PersistentLabel} {
		if d.byLabel[label] == "" {
			return "images, but no readable " + label
		}
	}
	return ""
}
