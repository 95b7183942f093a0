package kairos

import (
	"context"
	"strings"
	"time"

	"github.com/kairos-io/kairos-sdk/constants"

	"github.com/stylet-edge/stylet/internal/base/command"
)

// Existing is what a disk already holds of a Kairos system.
type Existing struct {
	// Labels are the file systems found, such as COS_STATE.
	Labels []string
	// Complete is true when stylet's own mark of a finished installation is there.
	Complete bool
	// Used is true when somebody has written to COS_PERSISTENT since the installation.
	Used bool
}

// Occupied tells whether the disk must not be overwritten unasked: it holds a finished
// installation, or data. An installation that was cut off is neither, and is done anew.
func (e Existing) Occupied() bool { return e.Complete || e.Used }

// existingScript looks into two partitions in a mount namespace of its own. $1 is COS_OEM, $2
// COS_PERSISTENT (either may be empty), $3 the mark, $4 any directory to mount over. What cannot
// be mounted holds nothing that could be lost.
const existingScript = `set -u
if [ -n "$1" ] && mount -o ro "$1" "$4"; then
  [ -e "$4/$3" ] && echo complete
  umount "$4"
fi
if [ -n "$2" ] && mount -o ro "$2" "$4"; then
  ls -A "$4" | sed 's/^/holds /'
fi
exit 0
`

// LookForExisting looks at the drive for an installation.
func LookForExisting(ctx context.Context, runner command.Runner, device string) (Existing, error) {
	d, err := readDisk(ctx, runner, device)
	if err != nil {
		return Existing{}, err
	}
	return d.existing(ctx, runner)
}

func (d disk) existing(ctx context.Context, runner command.Runner) (Existing, error) {
	var found Existing
	for _, label := range kairosLabels() {
		if d.byLabel[label] != "" {
			found.Labels = append(found.Labels, label)
		}
	}
	if len(found.Labels) == 0 {
		return found, nil
	}
	_, err := runner.Run(ctx, command.Spec{
		Name: "look-for-existing",
		Argv: []string{
			"unshare", "--mount", "--propagation", "private", "sh", "-c", existingScript, "look",
			d.byLabel[constants.OEMLabel], d.byLabel[constants.PersistentLabel], MarkPath, "/mnt",
		},
		Timeout: 2 * time.Minute,
		OnLine: func(line string) {
			switch name, _ := strings.CutPrefix(line, "holds "); {
			case line == "complete":
				found.Complete = true
			case name == line, name == "lost+found", name == ".kairos-state", name == ".state":
				// mke2fs makes the first, kairos-agent's installation the others (its log is in .state).
			default:
				found.Used = true
			}
		},
	})
	return found, err
}
