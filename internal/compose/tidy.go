package compose

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/stylet-edge/stylet/internal/base/durable"
)

// lockPatience is how long Tidy waits for a Compose to end before it leaves unfinished images alone.
const lockPatience = 150 * time.Millisecond

// Tidy removes the images of a directory, finished or not, whose file names are not in keep. What
// is unfinished goes only while no Compose runs there, since it may be in the making. A mount that
// a killed run left stays, and with it the room of its image, until the next Compose or boot.
func Tidy(ctx context.Context, dirName string, keep map[string]bool) (err error) {
	dir, err := durable.Open(dirName)
	if err != nil {
		return fmt.Errorf("tidying the images: %w", err)
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	entries, err := dir.ReadDir(".")
	if err != nil {
		return fmt.Errorf("tidying the images: %w", err)
	}
	var unfinished []string
	for _, entry := range entries {
		image, partial := strings.CutSuffix(entry.Name(), partialSuffix)
		image = strings.TrimSuffix(image, sidecarName("")) // a record without an image goes, too
		switch {
		case filepath.Ext(image) != ".img" || keep[image]:
		case partial:
			unfinished = append(unfinished, entry.Name())
		default:
			err = errors.Join(err, Discard(dir.Path(image)))
		}
	}
	if len(unfinished) == 0 {
		return err
	}
	return errors.Join(err, removeUnlessBusy(ctx, dir, unfinished))
}

func removeUnlessBusy(ctx context.Context, dir *durable.Root, names []string) (err error) {
	waiting, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	unlock, err := dir.Lock(waiting, lockName)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("tidying the images: %w", err)
	}
	defer func() { err = errors.Join(err, unlock()) }()
	for _, name := range names {
		err = errors.Join(err, dir.RemoveAll(name))
	}
	return err
}
