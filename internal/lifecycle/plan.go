package lifecycle

import (
	"encoding/json"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// ActionName names an action in plans and in the journal.
type ActionName string

// The actions. Each has a file of its own in lifecycle/actions.
const (
	EnsureContent ActionName = "ensure-content" // download and verify what is missing
	Compose       ActionName = "compose"        // write the layers into an image
	RenderConfig  ActionName = "render-config"  // write the revision's configuration
	ArmTrial      ActionName = "arm-trial"      // tell the boot loader what is on trial
	Disarm        ActionName = "disarm"         // take a trial back that was never booted
	Switch        ActionName = "switch"         // make the image the active one
	Restart       ActionName = "restart"        // reboot
	Commit        ActionName = "commit"         // make the proved revision the good one
	Rollback      ActionName = "rollback"       // tell the boot loader to go back
	Install       ActionName = "install"        // write stylet to a bare disk (live system only)
)

// Class says what a change costs.
type Class string

// The classes of change, from free to dear.
const (
	ClassNone   Class = "none"   // nothing to do
	ClassRecord Class = "record" // only the name of what runs changes
	ClassConfig Class = "config" // new configuration, same image: one reboot
	ClassImage  Class = "image"  // a new image: download, compose, one reboot
	ClassBack   Class = "back"   // going back after a failed trial: one reboot
)

// Plan is the difference between what is and what should be. It is data only.
type Plan struct {
	// ID names the plan in units: short, and never used twice.
	ID     string            `json:"id,omitempty"`
	From   v1alpha1.Revision `json:"from"`
	Target Target            `json:"target"`
	Class  Class             `json:"class"`
	// Why says in one sentence why there is a plan, or why there is none.
	Why   string `json:"why"`
	Steps []Step `json:"steps,omitempty"`
	// Refusal is set when the target cannot be brought about on this host.
	Refusal *Failure `json:"refusal,omitempty"`
}

// Empty tells whether there is nothing to do.
func (p Plan) Empty() bool { return len(p.Steps) == 0 }

// Step is one action of a plan with its input.
type Step struct {
	Action ActionName      `json:"action"`
	Input  json.RawMessage `json:"input,omitempty"`
}

// ArmInput is the input of arm-trial.
type ArmInput struct {
	// Good is the slot to go back to.
	Good v1alpha1.Slot `json:"good"`
}

// Failure is why a revision is refused.
type Failure struct {
	Revision v1alpha1.Digest `json:"revision"`
	Code     string          `json:"code"`
	Cause    string          `json:"cause"`
	Tries    int             `json:"tries,omitempty"`
	// BootID is the boot in which the failed system was judged, empty if the boot loader judged it.
	BootID string `json:"bootID,omitempty"`
}

// The codes of refusals.
const (
	CodeGateFailed = "trial.gate-failed"
	CodeDeadline   = "trial.deadline"
	CodeBootFailed = "trial.boot-failed"
	CodeTooBig     = "image.too-big"
)
