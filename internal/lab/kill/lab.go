// Package kill proves that a host whose agent, steps or power die at any instant ends in the
// desired state, and that no byte of a layer is downloaded in vain. It runs a whole host in a
// container (internal/lab/nspawn) from one version to the next, again and again, and kills it on
// the way: at seeded random moments of the three long phases, and at every kill point that the
// road meets.
package kill

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/stylet-edge/stylet/internal/lab/nspawn"
	"github.com/stylet-edge/stylet/internal/lab/registry"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// Config of a run.
type Config struct {
	// Dir is made, used and removed; everything in it is kept when the run fails.
	Dir string
	// Seed makes the moments of the kills; the same seed gives the same ones, as far as the machine
	// is as fast.
	Seed uint64
	// Count is how many kills are wanted in each of the phases.
	Count int
	// Say receives one line for each thing that happened.
	Say io.Writer
}

// lab is a machine with its registry.
type lab struct {
	dir      string
	seed     uint64
	random   *rand.Rand
	say      io.Writer
	system   nspawn.System
	registry *registry.Registry
	throttle *throttle
	machine  *nspawn.Machine

	version int
	running v1alpha1.Digest // image of the version that was committed last
	typical map[phase]time.Duration
	budget  map[string]int64 // bytes that may be served of each blob
}

// downloadRate makes a payload last three seconds.
const downloadRate = 16 << 20

// newLab builds the system with these tags and installs a machine that waits for its first version.
func newLab(ctx context.Context, c Config, name string, tags ...string) (_ *lab, err error) {
	l := &lab{
		dir: filepath.Join(c.Dir, name), seed: c.Seed, say: c.Say,
		random:  rand.New(rand.NewPCG(c.Seed, uint64(len(tags)))),
		typical: map[phase]time.Duration{}, budget: map[string]int64{},
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.close())
		}
	}()
	for _, sub := range []string{"system", "machine", "registry"} {
		if err := os.MkdirAll(filepath.Join(l.dir, sub), 0o755); err != nil {
			return nil, fmt.Errorf("making the lab: %w", err)
		}
	}
	begun := time.Now()
	if l.system, err = nspawn.BuildSystem(ctx, filepath.Join(l.dir, "system"), tags...); err != nil {
		return nil, err
	}
	if l.registry, err = registry.Start(ctx, filepath.Join(l.dir, "registry")); err != nil {
		return nil, err
	}
	if l.throttle, err = newThrottle(ctx, l.registry.Address, downloadRate); err != nil {
		return nil, err
	}
	l.machine, err = nspawn.Install(ctx, filepath.Join(l.dir, "machine"), l.system, userData(l.throttle.Address))
	if err != nil {
		return nil, err
	}
	l.tell("lab ready after %s", time.Since(begun).Round(time.Second))
	return l, nil
}

func (l *lab) tell(format string, args ...any) { fmt.Fprintf(l.say, format+"\n", args...) }

// close ends what runs. What is on the disk stays for whoever wants to look.
func (l *lab) close() error {
	var err error
	if l.machine != nil {
		err = l.machine.Stop()
	}
	if l.throttle != nil {
		l.throttle.stop()
	}
	if l.registry != nil {
		l.registry.Stop()
	}
	return err
}
