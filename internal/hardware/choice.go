package hardware

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// ChoiceRule is how the main drive is chosen, in words.
const ChoiceRule = "stylet.install.device, if set; on an installed host the drive that it runs from; " +
	"else, of those that stylet.install.deviceSelector describes if it is set, the only fixed drive, solid-state before rotational, the larger one if it is clearly (a tenth) larger"

// clearlyLarger is by how much a drive must be larger to be meant: drives of one nominal size
// differ by a few percent between makers.
const clearlyLarger = 1.1

// choose applies ChoiceRule. A choice without a drive has the reason, and the remedy beside it.
func choose(facts Facts, install v1alpha1.Install) (c Choice, remedy string) {
	if install.Device != "" {
		return chooseNamed(facts, install.Device)
	}
	if !facts.Boot.Live && facts.Boot.System != "" {
		return chosen(facts, facts.Boot.System, "this host runs from it"), ""
	}
	selector := install.DeviceSelector
	candidates := slices.DeleteFunc(slices.Clone(facts.Drives), func(d Drive) bool {
		return excludedFrom(d, facts.Boot, selector) != "" || !matches(d, selector)
	})
	selected := selector != (v1alpha1.DriveSelector{})
	if len(candidates) == 0 && selected {
		return undecided(facts, "no drive is as stylet.install.deviceSelector describes it"),
			"the drives here: " + describe(facts.Drives) + "; `stylet probe -o json` has their models and serial numbers"
	}
	if len(candidates) == 0 {
		return undecided(facts, "there is no fixed drive"),
			"connect a drive, or name one of the excluded ones in stylet.install.device if it is the one you mean"
	}
	// Solid-state first, unknown next, rotational last; the larger first.
	slices.SortStableFunc(candidates, func(a, b Drive) int {
		return cmp.Or(cmp.Compare(a.Rotation.rank(), b.Rotation.rank()), cmp.Compare(b.Size, a.Size))
	})
	first := candidates[0]
	peers := []Drive{first}
	for _, d := range candidates[1:] {
		if d.Rotation == first.Rotation && float64(first.Size) < clearlyLarger*float64(d.Size) {
			peers = append(peers, d)
		}
	}
	if len(peers) > 1 {
		return undecided(facts, fmt.Sprintf("%d drives are equally good: %s", len(peers), describe(peers))),
			"name one of them: stylet.install.device: " + first.Device()
	}
	reason := whyFirst(first, candidates)
	if selected {
		reason += " that stylet.install.deviceSelector describes"
	}
	return chosen(facts, first.Name, reason), ""
}

// excludedFrom is excluded, less what the selector asks for by name.
func excludedFrom(d Drive, boot Boot, selector v1alpha1.DriveSelector) string {
	if d.Transport != "" && d.Transport == selector.Transport {
		d.Removable, d.Transport = false, ""
	}
	return excluded(d, boot)
}

// matches tells whether a drive is what the selector describes.
func matches(d Drive, s v1alpha1.DriveSelector) bool {
	if s.Model != "" {
		ok, err := path.Match(strings.ToLower(s.Model), strings.ToLower(d.Model))
		if err != nil || !ok {
			return false
		}
	}
	return (s.Serial == "" || s.Serial == d.Serial) &&
		(s.Transport == "" || s.Transport == d.Transport) &&
		d.Size >= int64(s.MinSize) && (s.MaxSize == 0 || d.Size <= int64(s.MaxSize))
}

func (r Rotation) rank() int {
	return slices.Index([]Rotation{SolidState, RotationUnknown, Rotational}, r)
}

func whyFirst(first Drive, candidates []Drive) string {
	switch {
	case len(candidates) == 1:
		return "it is the only fixed drive"
	case candidates[1].Rotation != first.Rotation:
		return "it is the only " + string(first.Rotation) + " fixed drive"
	}
	return "it is clearly the largest " + string(first.Rotation) + " fixed drive"
}

// excluded says why a drive is never chosen without being named, "" for a candidate.
func excluded(d Drive, boot Boot) string {
	switch {
	case d.Name == boot.Medium:
		return "it is the boot medium"
	case d.Transport == "optical" || d.Transport == "floppy":
		return "it is an " + d.Transport + " drive"
	case d.Size == 0:
		return "it has no medium"
	case strings.Contains(d.Name, "boot") || strings.Contains(d.Name, "rpmb"):
		return "it is a firmware area of an eMMC"
	case d.ReadOnly:
		return "it is read-only"
	case d.Removable:
		return "it is removable"
	case d.Transport == "usb":
		return "it is connected by USB"
	case d.Transport == "sd":
		return "it is a memory card"
	}
	return ""
}

// chooseNamed takes the drive that the site names, by any of its paths. Naming one is a person's
// word: a USB drive is allowed, the boot medium and partitions are not.
func chooseNamed(facts Facts, device string) (c Choice, remedy string) {
	for _, d := range facts.Drives {
		if slices.ContainsFunc(d.Partitions, func(p Partition) bool { return device == "/dev/"+p.Name }) {
			return undecided(facts, device+" is a partition"), "name the whole drive: " + d.Device()
		}
		if device != d.Path && device != d.ByID && !slices.Contains(d.Links, device) {
			continue
		}
		switch {
		case d.Name == facts.Boot.Medium:
			return undecided(facts, device+" is the boot medium"), "name another drive in stylet.install.device"
		case d.ReadOnly || d.Size == 0:
			return undecided(facts, device+" cannot be written: "+excluded(d, facts.Boot)), "name another drive in stylet.install.device"
		}
		return chosen(facts, d.Name, "stylet.install.device names it"), ""
	}
	return undecided(facts, "no drive answers to "+device), "the drives here: " + describe(facts.Drives)
}

// chosen gives the choice of the named drive.
func chosen(facts Facts, name, reason string) Choice {
	c := Choice{Reason: reason}
	for _, d := range facts.Drives {
		if d.Name == name {
			c.Drive = &d
			continue
		}
		c.Others = append(c.Others, standing(d, facts.Boot, "another drive was chosen"))
	}
	return c
}

// undecided gives a choice without a drive.
func undecided(facts Facts, reason string) Choice {
	c := Choice{Reason: reason}
	for _, d := range facts.Drives {
		c.Others = append(c.Others, standing(d, facts.Boot, "no drive was chosen"))
	}
	return c
}

// standing gives the drive's own reason, or the general one if nothing speaks against it.
func standing(d Drive, boot Boot, general string) Standing {
	if why := excluded(d, boot); why != "" {
		return Standing{Path: d.Device(), Why: why}
	}
	return Standing{Path: d.Device(), Why: general}
}

func describe(drives []Drive) string {
	if len(drives) == 0 {
		return "none"
	}
	texts := make([]string, len(drives))
	for i, d := range drives {
		texts[i] = fmt.Sprintf("%s (%s)", d.Device(), decimalGB(d.Size))
	}
	return strings.Join(texts, ", ")
}
