package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/stylet-edge/stylet/internal/network/diagnose"
)

// waiting tells a person at a terminal what is being waited for, when it takes longer than
// progressPause.
type waiting struct {
	steps chan diagnose.Step
	done  chan struct{}
}

// startWaiting begins; stop ends it.
func startWaiting(out io.Writer) *waiting {
	w := &waiting{steps: make(chan diagnose.Step), done: make(chan struct{})}
	go w.run(out)
	return w
}

// show says that a step begins.
func (w *waiting) show(step diagnose.Step) { w.steps <- step }

// stop ends it; nothing is written afterwards.
func (w *waiting) stop() {
	close(w.steps)
	<-w.done
}

func (w *waiting) run(out io.Writer) {
	defer close(w.done)
	pause := time.NewTicker(progressPause)
	defer pause.Stop()
	var now diagnose.Step
	began := time.Now()
	for {
		select {
		case step, more := <-w.steps:
			if !more {
				return
			}
			now, began = step, time.Now()
			pause.Reset(progressPause)
		case <-pause.C:
			to := ""
			if now.Target != "" {
				to = " of " + now.Target
			}
			fmt.Fprintf(out, "waiting for %s%s for %s\n", strings.TrimPrefix(now.Code, "network."), to, time.Since(began).Round(time.Second))
		}
	}
}
