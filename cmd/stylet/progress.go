package main

import (
	"fmt"
	"io"
	"time"

	"github.com/stylet-edge/stylet/internal/content"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// progressPause is how long a step may run, and how long a line may stand, before the next line.
const progressPause = 2 * time.Second

// progressLines tells on a terminal or in a log how far a push has come: nothing about steps that
// are done at once, a line every two seconds about the others.
type progressLines struct {
	out  io.Writer
	step content.PushProgress
	last time.Time
}

func newProgressLines(out io.Writer) *progressLines { return &progressLines{out: out} }

func (p *progressLines) show(now content.PushProgress) {
	if now.Step != p.step.Step || now.Layer != p.step.Layer {
		p.last = time.Now()
	}
	p.step = now
	if time.Since(p.last) < progressPause {
		return
	}
	p.last = time.Now()
	fmt.Fprintf(p.out, "%s %s: %s of %s (%d%%)\n", now.Step, now.Layer,
		v1alpha1.Size(now.Done).Human(), v1alpha1.Size(now.Total).Human(), now.Done*100/max(now.Total, 1))
}
