package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
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
	fromFile, fileErr := tagsFromFile(place.TagsFromFile)
	printed, scriptErr := h.tagsFromScript(ctx, place.TagsFromScript)
	info := v1alpha1.HostInfo{ID: record.ID, HostName: name, Tags: identity.MergeTags(place.Tags, fromFile, printed)}
	if err := errors.Join(recordErr, nameErr, fileErr, scriptErr); err != nil {
		info.TagProblem = strings.ReplaceAll(err.Error(), "\n", "; ")
	}
	h.known.Store(&info)
}

func tagsFromFile(how v1alpha1.TagsFromFile) (map[string]string, error) {
	if how.FileName == "" {
		return nil, nil
	}
	f, err := os.Open(how.FileName)
	if err != nil {
		return nil, fmt.Errorf("reading tags (site.tagsFromFile): %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, identity.MaxTagBytes))
	if err != nil {
		return nil, fmt.Errorf("reading tags (site.tagsFromFile): %w", err)
	}
	tags, err := identity.ParseTagFile(data, how)
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
	var printed strings.Builder
	transcript := filepath.Join(h.runtimeDir, "tags.log")
	defer os.Remove(transcript) //nolint:errcheck // the next one begins it anew
	_, err := h.units.Run(ctx, command.Spec{
		// Each run is one of its own, so its name is used once. What a unit says on stderr would be among the lines.
		Name:       fmt.Sprintf("tags-%d", time.Now().UnixNano()),
		Argv:       []string{"/bin/sh", "-c", `exec "$0" 2>/dev/null`, how.ScriptName},
		Timeout:    limit,
		Transcript: transcript,
		OnLine: func(line string) {
			if printed.Len() < identity.MaxTagBytes {
				printed.WriteString(line + "\n")
			}
		},
	})
	if err != nil {
		return nil, fmt.Errorf("asking %s for tags (site.tagsFromScript): %w", how.ScriptName, err)
	}
	tags, err := identity.ParseTagOutput([]byte(printed.String()))
	if err != nil {
		return nil, fmt.Errorf("reading what %s printed (site.tagsFromScript): %w", how.ScriptName, err)
	}
	return tags, nil
}
