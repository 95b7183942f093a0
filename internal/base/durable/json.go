package durable

import (
	"encoding/json"
	"fmt"

	"github.com/stylet-edge/stylet/internal/base/fault"
)

// WriteJSON writes v as indented JSON, atomically, readable by the owner alone.
func (r *Root) WriteJSON(name string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding %s: %w", name, err)
	}
	return r.WriteFile(name, append(data, '\n'), 0o600)
}

// ReadJSON reads what WriteJSON wrote. A missing file is fs.ErrNotExist; anything that is not
// the JSON expected is an error of kind Internal that names the file, which stays untouched.
func (r *Root) ReadJSON(name string, v any) error {
	data, err := r.ReadFile(name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fault.Wrap(err, fault.Internal, "state.damaged",
			"keep a copy of the file for a report, remove it, and restart stylet-agent",
			"reading %s", r.Path(name))
	}
	return nil
}
