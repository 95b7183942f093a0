package agent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/stylet-edge/stylet/internal/base/command"
	"github.com/stylet-edge/stylet/internal/identity"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

// hostInfo tells which host this is. It is learnt from the user-data and told in the status.
type hostInfo struct {
	oemDir, runtimeDir string
	// units runs the site's program that prints tags, outside the agent's sandbox.
	units command.Runner
	known atomic.Pointer[v1alpha1.HostInfo]
	asked chan v1alpha1.Place
}

func newHostInfo(oemDir, runtimeDir string) *hostInfo {
	return &hostInfo{oemDir: oemDir, runtimeDir: runtimeDir, asked: make(chan v1alpha1.Place, 1)}
}

// ask lets keep learn anew. It does not wait: a program that prints tags may take its time.
func (h *hostInfo) ask(place v1alpha1.Place) {
	select {
	case h.asked <- place:
	default: // the one before is still to be learnt; this one comes with the next poll
	}
}

// keep learns what is asked for, until ctx ends.
func (h *hostInfo) keep(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case place := <-h.asked:
			h.learn(ctx, place)
		}
	}
}

// get gives what was learnt last.
func (h *hostInfo) get() v1alpha1.HostInfo {
	if info := h.known.Load(); info != nil {
		return *info
	}
	return v1alpha1.HostInfo{}
}

// learn reads ID, host name and tags anew.
func (h *hostInfo) learn(ctx context.Context, place v1alpha1.Place) {
	record, recordErr := identity.Read(h.oemDir)
	name, nameErr := os.Hostname()
	fromFile, fileErr := h.tagsFromFile(ctx, place.TagsFromFile)
	printed, scriptErr := h.tagsFromScript(ctx, place.TagsFromScript)
	info := v1alpha1.HostInfo{ID: record.ID, HostName: name, Tags: identity.MergeTags(place.Tags, fromFile, printed)}
	if err := errors.Join(recordErr, nameErr, fileErr, scriptErr); err != nil {
		info.TagProblem = strings.ReplaceAll(err.Error(), "\n", "; ")
	}
	h.known.Store(&info)
}

// tagsFromFile reads by a unit: the agent's own sandbox hides homes and /tmp, and other users' files.
func (h *hostInfo) tagsFromFile(ctx context.Context, how v1alpha1.TagsFromFile) (map[string]string, error) {
	if how.FileName == "" || h.units == nil {
		return nil, nil
	}
	text, err := h.output(ctx, commandTimeout, "/bin/cat", how.FileName)
	if err != nil {
		return nil, fmt.Errorf("reading tags from %s (site.tagsFromFile): %w", how.FileName, err)
	}
	tags, err := identity.ParseTagFile([]byte(text), how)
	if err != nil {
		return nil, fmt.Errorf("reading tags from %s (site.tagsFromFile): %w", how.FileName, err)
	}
	return tags, nil
}

// defaultTagTimeout is the documented default of site.tagsFromScript.timeout.
const defaultTagTimeout = 60 * time.Second

func (h *hostInfo) tagsFromScript(ctx context.Context, how v1alpha1.TagsFromScript) (map[string]string, error) {
	if how.ScriptName == "" || h.units == nil {
		return nil, nil
	}
	limit := defaultTagTimeout
	if how.Timeout > 0 {
		limit = time.Duration(how.Timeout) * time.Second
	}
	text, err := h.output(ctx, limit, how.ScriptName)
	if err != nil {
		return nil, fmt.Errorf("asking %s for tags (site.tagsFromScript): %w", how.ScriptName, err)
	}
	tags, err := identity.ParseTagOutput([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("reading what %s printed (site.tagsFromScript): %w", how.ScriptName, err)
	}
	return tags, nil
}

// output is what a program prints, at most identity.MaxTagBytes of it.
func (h *hostInfo) output(ctx context.Context, limit time.Duration, argv ...string) (string, error) {
	var printed strings.Builder
	transcript := filepath.Join(h.runtimeDir, "tags.log")
	defer os.Remove(transcript) //nolint:errcheck // the next one begins it anew
	_, err := h.units.Run(ctx, command.Spec{
		Name: "tags", Fresh: true,
		// What a unit says on stderr would be among the lines.
		Argv:       append([]string{"/bin/sh", "-c", `exec "$0" "$@" 2>/dev/null`}, argv...),
		Timeout:    limit,
		Transcript: transcript,
		OnLine: func(line string) {
			if printed.Len() < identity.MaxTagBytes {
				printed.WriteString(line + "\n")
			}
		},
	})
	return printed.String(), err
}
