package hardware

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// bench is a live system with one drive of each sort; only ssd and disk are candidates.
func bench() Facts {
	return Facts{
		Architecture:   "amd64",
		Machine:        Machine{Vendor: "Maker", Product: "Model"},
		Virtualization: Virtualization{Kind: "none", Evidence: []string{"nothing"}},
		Firmware:       Firmware{Mode: UEFI, SecureBoot: SecureBootOn},
		TPM:            &TPM{Version: "2.0"},
		Watchdogs:      []string{"iTCO_wdt"},
		Clock:          Clock{Now: made.Add(time.Hour), Hardware: true},
		Boot:           Boot{Live: true, Medium: "sdm"},
		Drives: []Drive{
			{Name: "ssd", Path: "/dev/ssd", ByID: "/dev/disk/by-id/ssd", Links: []string{"/dev/disk/by-path/1"}, Size: 200e9, Rotation: SolidState, Partitions: []Partition{{Name: "ssd1"}}},
			{Name: "disk", Path: "/dev/disk0", Size: 4000e9, Rotation: Rotational},
			{Name: "sdm", Path: "/dev/sdm", Size: 900e9, Rotation: SolidState},
			{Name: "usb", Path: "/dev/usb", Size: 900e9, Rotation: SolidState, Transport: "usb"},
			{Name: "ro", Path: "/dev/ro", Size: 900e9, Rotation: SolidState, ReadOnly: true},
			{Name: "empty", Path: "/dev/empty", Rotation: SolidState},
			{Name: "card", Path: "/dev/card", Size: 900e9, Rotation: SolidState, Transport: "sd"},
			{Name: "sr0", Path: "/dev/sr0", Size: 900e9, Rotation: Rotational, Transport: "optical"},
			{Name: "stick", Path: "/dev/stick", Size: 900e9, Rotation: SolidState, Removable: true},
		},
	}
}

// Requirement: H4
func TestTheChoice(t *testing.T) {
	t.Parallel()
	larger := bench()
	larger.Drives = append(larger.Drives, Drive{Name: "big", Path: "/dev/big", Size: 400e9, Rotation: SolidState})
	near := bench()
	near.Drives = append(near.Drives, Drive{Name: "twin", Path: "/dev/twin", Size: 210e9, Rotation: SolidState})
	none := bench()
	none.Drives = none.Drives[2:]
	installed := bench()
	installed.Boot = Boot{System: "usb"}

	cases := []struct {
		name   string
		facts  Facts
		device string
		want   string // the drive's name, or ""
		says   string
	}{
		{"solid-state before larger", bench(), "", "ssd", "the only solid-state fixed drive"},
		{"clearly larger", larger, "", "big", "clearly the largest"},
		{"nearly equal", near, "", "", "2 drives are equally good: /dev/twin (210.0 GB), /dev/disk/by-id/ssd (200.0 GB)"},
		{"nothing fixed", none, "", "", "there is no fixed drive"},
		{"installed", installed, "", "usb", "this host runs from it"},
		{"by-id", bench(), "/dev/disk/by-id/ssd", "ssd", "names it"},
		{"another link", bench(), "/dev/disk/by-path/1", "ssd", "names it"},
		{"kernel name", bench(), "/dev/disk0", "disk", "names it"},
		{"named USB drive", bench(), "/dev/usb", "usb", "names it"},
		{"settles equals", near, "/dev/twin", "twin", "names it"},
		{"partition", bench(), "/dev/ssd1", "", "is a partition"},
		{"boot medium", bench(), "/dev/sdm", "", "is the boot medium"},
		{"read-only", bench(), "/dev/ro", "", "it is read-only"},
		{"empty reader", bench(), "/dev/empty", "", "it has no medium"},
		{"not there", bench(), "/dev/disk/by-id/gone", "", "no drive answers to /dev/disk/by-id/gone"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := Judge(c.facts, v1alpha1.Site{Install: v1alpha1.Install{Device: c.device}}, made)
			assert.Contains(t, r.MainDrive.Reason, c.says)
			check := find(t, r, CodeDriveChoice)
			if c.want == "" {
				require.Nil(t, r.MainDrive.Drive)
				assert.Equal(t, Fail, check.Verdict)
				assert.NotEmpty(t, check.Remedy)
				assert.Len(t, r.MainDrive.Others, len(c.facts.Drives))
				return
			}
			require.NotNil(t, r.MainDrive.Drive)
			assert.Equal(t, c.want, r.MainDrive.Drive.Name)
			assert.Equal(t, Pass, check.Verdict)
			assert.Len(t, r.MainDrive.Others, len(c.facts.Drives)-1)
		})
	}
}

func find(t *testing.T, r Report, code string) Check {
	t.Helper()
	for _, c := range r.Checks {
		if c.Code == code {
			return c
		}
	}
	require.Fail(t, "there is no check "+code)
	return Check{}
}

// Requirement: H4
func TestTheChoiceByDescription(t *testing.T) {
	t.Parallel()
	facts := bench()
	facts.Drives[0].Model, facts.Drives[0].Transport = "Samsung SSD 970 EVO Plus 500GB", "nvme"
	facts.Drives = append(facts.Drives, Drive{
		Name: "big", Path: "/dev/big", Size: 400e9, Rotation: SolidState, Model: "Micron 7450", Serial: "S1", Transport: "nvme",
	})
	for name, c := range map[string]struct {
		selector v1alpha1.DriveSelector
		want     string
		says     string
	}{
		"model":            {v1alpha1.DriveSelector{Model: "samsung *"}, "ssd", "that stylet.install.deviceSelector describes"},
		"the whole model":  {v1alpha1.DriveSelector{Model: "Samsung"}, "", "no drive is as stylet.install.deviceSelector describes"},
		"serial":           {v1alpha1.DriveSelector{Serial: "S1"}, "big", "the only fixed drive that"},
		"smaller":          {v1alpha1.DriveSelector{MaxSize: 300e9}, "ssd", ""},
		"exactly":          {v1alpha1.DriveSelector{MinSize: 400e9, MaxSize: 400e9}, "big", ""},
		"the rule remains": {v1alpha1.DriveSelector{Transport: "nvme"}, "big", "clearly the largest"},
		"a USB drive":      {v1alpha1.DriveSelector{Transport: "usb"}, "usb", ""},
		"never the medium": {v1alpha1.DriveSelector{MinSize: 900e9, MaxSize: 1000e9}, "", "no drive is as"},
		"both must hold":   {v1alpha1.DriveSelector{Serial: "S1", Model: "Samsung*"}, "", "no drive is as"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := Judge(facts, v1alpha1.Site{Install: v1alpha1.Install{DeviceSelector: c.selector}}, made)
			if c.want == "" {
				require.Nil(t, r.MainDrive.Drive)
			} else {
				require.NotNil(t, r.MainDrive.Drive, r.MainDrive.Reason)
				require.Equal(t, c.want, r.MainDrive.Drive.Name)
			}
			require.Contains(t, r.MainDrive.Reason, c.says)
		})
	}
}
