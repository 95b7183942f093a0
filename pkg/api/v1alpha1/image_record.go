package v1alpha1

import (
	"encoding/json"
	"fmt"
)

// ParseImageRecord reads the record that an image carries. An image is outside of the running
// system, and may be torn or somebody else's: nothing is given of a record that cannot be read whole.
func ParseImageRecord(data []byte) (ImageRecord, error) {
	var record ImageRecord
	if err := json.Unmarshal(data, &record); err != nil {
		return ImageRecord{}, fmt.Errorf("an image's record: %w", err)
	}
	for _, d := range []Digest{record.ID, record.Tree} {
		if d == "" {
			continue
		}
		if _, err := ParseDigest(string(d)); err != nil {
			return ImageRecord{}, fmt.Errorf("an image's record: %w", err)
		}
	}
	return record, nil
}
