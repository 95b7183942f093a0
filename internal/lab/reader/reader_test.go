package reader

import (
	"encoding/base64"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

func TestDecisionIsReadFromADoubledLine(t *testing.T) {
	for said, want := range map[string]Decision{
		"Welcome to GRUB!": {Slot: v1alpha1.SlotActive},
		"stylet: trial 0123456789ab try 2 of 3 -> activestylet: trial 0123456789ab try 2 of 3 -> active\n": {
			Slot: v1alpha1.SlotActive, Trial: "0123456789ab", Try: 2,
		},
		"stylet: trial 0123456789ab failed -> passive\nstylet: good -> passive (try 1)\n": {
			Slot: v1alpha1.SlotPassive, Failed: "0123456789ab",
		},
		"stylet: good -> passive (try 2)stylet: good -> passive (try 2)": {Slot: v1alpha1.SlotPassive},
		"stylet: passive was tried 3 times -> recovery":                  {Slot: v1alpha1.SlotRecovery},
	} {
		require.Equal(t, want, ParseDecision(said), said)
	}
}

func TestSlotFromTheKernelsCommandLine(t *testing.T) {
	for line, want := range map[string]v1alpha1.Slot{
		"BOOT_IMAGE=(loop0)/boot/vmlinuz root=LABEL=COS_ACTIVE cos-img/filename=/cOS/active.img panic=5": v1alpha1.SlotActive,
		"cos-img/filename=/cOS/passive.img":                      v1alpha1.SlotPassive,
		"root=live:CDLABEL=COS_LIVE rd.live.dir=/":               v1alpha1.SlotLive,
		"root=live:LABEL=COS_RECOVERY rd.live.dir=/":             v1alpha1.SlotRecovery,
		"cos-img/filename=/cOS/transition.img root=LABEL=active": v1alpha1.SlotUnknown,
		"": v1alpha1.SlotUnknown,
	} {
		require.Equal(t, want, parseSlot(line), line)
	}
}

// healthy is a host on a trial whose readers all agree.
func onTrial() Checkpoint {
	image, revision := v1alpha1.DigestOf([]byte("image")), v1alpha1.DigestOf([]byte("revision"))
	return Checkpoint{
		Status: v1alpha1.HostStatus{
			Running: v1alpha1.RunningStatus{Slot: v1alpha1.SlotActive, Image: image, Revision: revision},
			Trial:   &v1alpha1.TrialStatus{Revision: revision, Image: image, Try: 1, MaxTries: 3},
		},
		Running: Running{
			Slot: v1alpha1.SlotActive, Image: image,
			Boot: Decision{Slot: v1alpha1.SlotActive, Trial: revision.Short(), Try: 1},
		},
		Disk: Disk{
			Env: map[string]string{"stylet_trial": revision.Short(), "stylet_try": "1", "stylet_good": "passive"},
			Slots: map[v1alpha1.Slot]SlotImage{
				v1alpha1.SlotActive:  {Image: image, Label: "COS_ACTIVE"},
				v1alpha1.SlotPassive: {Label: "COS_PASSIVE"},
			},
		},
	}
}

// wentBack is a host that runs passive after its trial could not be booted.
func wentBack() Checkpoint {
	good, bad := v1alpha1.DigestOf([]byte("good")), v1alpha1.DigestOf([]byte("bad"))
	revision := v1alpha1.DigestOf([]byte("bad revision"))
	return Checkpoint{
		Status: v1alpha1.HostStatus{
			Running: v1alpha1.RunningStatus{Slot: v1alpha1.SlotPassive, Image: good, Committed: true},
			Refused: []v1alpha1.RefusedRevision{{Revision: revision, Image: bad, Code: "trial.boot-failed", Tries: 3}},
		},
		Running: Running{
			Slot: v1alpha1.SlotPassive, Image: good,
			Boot: Decision{Slot: v1alpha1.SlotPassive, Failed: revision.Short()},
		},
		Verdicts: map[string]Verdict{revision.Short(): {Code: "trial.boot-failed"}},
		Disk: Disk{
			Env: map[string]string{"stylet_good": "passive"},
			Slots: map[v1alpha1.Slot]SlotImage{
				v1alpha1.SlotActive:  {Image: bad, Label: "COS_ACTIVE"},
				v1alpha1.SlotPassive: {Image: good, Label: "COS_PASSIVE"},
			},
		},
	}
}

// gateFailed is a host that went back by itself, because a gate did not pass, and that has refused
// another revision without a trial.
func gateFailed() Checkpoint {
	c := wentBack()
	id := c.Status.Refused[0].Revision.Short()
	c.Running.Boot.Failed = ""
	c.Status.Refused[0].Code, c.Status.Refused[0].Cause = "trial.gate-failed", "the gate containerd:\n exit status 1"
	c.Status.Refused = append(c.Status.Refused, v1alpha1.RefusedRevision{Revision: v1alpha1.DigestOf([]byte("big")), Code: "image.too-big"})
	c.Verdicts = map[string]Verdict{id: {Code: "trial.gate-failed", Cause: "the gate containerd: exit status 1"}}
	return c
}

func TestReadersThatAgree(t *testing.T) {
	require.Empty(t, onTrial().Compare())
	require.Empty(t, wentBack().Compare())
	require.Empty(t, gateFailed().Compare())
}

// Every lie that status could tell is found by at least one reader.
func TestEveryLieIsFound(t *testing.T) {
	other := v1alpha1.DigestOf([]byte("other"))
	for name, lie := range map[string]func() Checkpoint{
		"slot": func() Checkpoint {
			c := wentBack()
			c.Status.Running.Slot = v1alpha1.SlotActive
			return c
		},
		"image": func() Checkpoint { c := wentBack(); c.Status.Running.Image = other; return c },
		"image on disk": func() Checkpoint {
			c := wentBack()
			c.Disk.Slots[v1alpha1.SlotPassive] = SlotImage{Image: other, Label: "COS_PASSIVE"}
			return c
		},
		"label": func() Checkpoint {
			c := wentBack()
			c.Disk.Slots[v1alpha1.SlotPassive] = SlotImage{Image: c.Running.Image, Label: "COS_ACTIVE"}
			return c
		},
		"trial forgotten": func() Checkpoint { c := onTrial(); c.Status.Trial = nil; return c },
		"trial invented": func() Checkpoint {
			c := wentBack()
			c.Status.Trial = &v1alpha1.TrialStatus{Revision: other, Try: 1}
			return c
		},
		"try":             func() Checkpoint { c := onTrial(); c.Status.Trial.Try = 2; return c },
		"not sticky":      func() Checkpoint { c := wentBack(); c.Disk.Env["stylet_good"] = "active"; return c },
		"refusal missing": func() Checkpoint { c := wentBack(); c.Status.Refused = nil; return c },
		"cause wrong":     func() Checkpoint { c := wentBack(); c.Status.Refused[0].Code = "trial.gate-failed"; return c },
		"image refused": func() Checkpoint {
			c := wentBack()
			c.Running.Boot.Failed = ""
			c.Status.Refused[0].Image = other
			return c
		},
		"code of a gate":  func() Checkpoint { c := gateFailed(); c.Status.Refused[0].Code = "trial.deadline"; return c },
		"cause of a gate": func() Checkpoint { c := gateFailed(); c.Status.Refused[0].Cause = "the gate kubelet"; return c },
		"not on trial":    func() Checkpoint { c := gateFailed(); c.Status.Refused[0].Code = "image.too-big"; return c },
		"refusal forgotten": func() Checkpoint {
			c := gateFailed()
			c.Status.Refused[0].Revision = c.Status.Refused[1].Revision
			return c
		},
		"failure invented": func() Checkpoint { c := gateFailed(); c.Verdicts = nil; return c },
		"revision refused": func() Checkpoint { c := wentBack(); c.Status.Refused[0].Revision = other; return c },
	} {
		t.Run(name, func(t *testing.T) {
			require.NotEmpty(t, lie().Compare())
		})
	}
}

func TestLookAtSlots(t *testing.T) {
	manifest := v1alpha1.ImageManifest{SchemaVersion: 1, Architecture: "amd64"}
	record, err := json.Marshal(v1alpha1.ImageRecord{ID: manifest.ID(), Manifest: manifest})
	require.NoError(t, err)
	enc := base64.StdEncoding.EncodeToString
	disk, err := parseLook("env " + enc([]byte("# GRUB Environment Block\nstylet_good=passive\n####")) + "\n" +
		"label.active " + enc([]byte("COS_ACTIVE\n")) + "\nrecord.active " + enc(record) + "\n" +
		"label.passive " + enc([]byte("COS_PASSIVE\n")) + "\nrecord.passive \n")
	require.NoError(t, err)
	require.Equal(t, Disk{
		Env: map[string]string{"stylet_good": "passive"},
		Slots: map[v1alpha1.Slot]SlotImage{
			v1alpha1.SlotActive:  {Image: manifest.ID(), Label: "COS_ACTIVE"},
			v1alpha1.SlotPassive: {Label: "COS_PASSIVE"},
		},
	}, disk)

	_, err = parseLook("label.active \n")
	require.ErrorContains(t, err, "boot environment")
}

func TestARecordThatDoesNotMatchItsManifestIsALie(t *testing.T) {
	record, err := json.Marshal(v1alpha1.ImageRecord{ID: v1alpha1.DigestOf([]byte("x"))})
	require.NoError(t, err)
	_, err = parseRecord(record)
	require.ErrorContains(t, err, "its manifest is")
}

func FuzzParseLook(f *testing.F) {
	f.Add("env IyBHUlVC\nlabel.active Q09T\nrecord.active e30=\n")
	f.Add("record.active\n")
	f.Fuzz(func(t *testing.T, out string) {
		disk, err := parseLook(out)
		if err == nil {
			require.NotNil(t, disk.Env)
		}
	})
}

func FuzzParseDecision(f *testing.F) {
	f.Add("stylet: trial 0123456789ab try 2 of 3 -> active")
	f.Fuzz(func(t *testing.T, said string) {
		d := ParseDecision(said)
		require.Contains(t, []v1alpha1.Slot{v1alpha1.SlotActive, v1alpha1.SlotPassive, v1alpha1.SlotRecovery}, d.Slot)
		require.LessOrEqual(t, d.Try, 3)
	})
}
