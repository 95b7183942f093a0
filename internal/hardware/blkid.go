package hardware

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/stylet-edge/stylet/internal/base/command"
)

// blkidNothing is blkid's exit status when none of the devices holds anything it knows.
const blkidNothing = 2

// unlabelled lists the devices whose file systems udev has not looked at: an installation must
// not be overlooked for want of a udev database.
func (s *source) unlabelled(drives []Drive) []string {
	var paths []string
	unknown := func(sys string) bool {
		_, err := os.Stat(s.path("run/udev/data/b" + s.text(sys+"/dev")))
		return err != nil
	}
	for _, d := range drives {
		if len(d.Partitions) == 0 && d.Size > 0 && d.Type == "" && unknown("sys/block/"+d.Name) {
			paths = append(paths, "/dev/"+d.Name)
		}
		for _, p := range d.Partitions {
			if p.Label == "" && unknown("sys/block/"+d.Name+"/"+p.Name) {
				paths = append(paths, "/dev/"+p.Name)
			}
		}
	}
	return paths
}

// completeLabels asks blkid for the labels that udev does not have, and says so where it cannot.
func (s *source) completeLabels(ctx context.Context, runner command.Runner, drives []Drive) {
	paths := s.unlabelled(drives)
	switch {
	case len(paths) == 0:
		return
	case runner == nil || s.root != "/":
		s.gap("labels: udev knows nothing of %s; an installation there would not be recognised", strings.Join(paths, ", "))
		return
	}
	labels, types := map[string]string{}, map[string]string{}
	var device string
	_, err := runner.Run(ctx, command.Spec{
		Name:    "probe-blkid",
		Argv:    append([]string{"blkid", "-o", "export"}, paths...),
		Timeout: time.Minute,
		OnLine: func(line string) {
			if name, ok := strings.CutPrefix(line, "DEVNAME="); ok {
				device = name
			}
			if label, ok := strings.CutPrefix(line, "LABEL="); ok {
				labels[device] = label
			}
			if kind, ok := strings.CutPrefix(line, "TYPE="); ok {
				types[device] = kind
			}
		},
	})
	var exit *command.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.Result.ExitCode != blkidNothing) {
		s.gap("labels: asking blkid for %s, which udev knows nothing of: %v", strings.Join(paths, ", "), err)
		return
	}
	for i := range drives {
		if kind := types["/dev/"+drives[i].Name]; kind != "" {
			drives[i].Type = kind
		}
		for j := range drives[i].Partitions {
			p := &drives[i].Partitions[j]
			if kind := types["/dev/"+p.Name]; kind != "" {
				p.Type = kind
			}
			if label := labels["/dev/"+p.Name]; label != "" {
				p.Label = label
				drives[i].addLabel(label)
			}
		}
	}
}
