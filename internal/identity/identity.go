// Package identity decides who a host is: its ID, its host name and its tags.
//
// The ID is decided once and then kept on COS_OEM, which a reset leaves alone: hardware that
// changes, or firmware that answers differently after an update, does not make another host of it.
// It is never made from the machine-id, which every new installation draws anew
// (facts/stylus-behaviour.md, section 1.2).
package identity

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"strings"

	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

const (
	// RecordFile is where the ID is kept, on COS_OEM.
	RecordFile = "stylet-host.json"
	// randomName in site.name asks for a random ID.
	randomName = "$random"
	// defaultPrefix is the documented default of site.prefix.
	defaultPrefix = "edge"
	maxID         = 128
	// forbidden are the characters that a host ID must not have, as documented.
	forbidden     = `/?#&+%,$~!@*(){}|=;:<>'.^"`
	schemaVersion = 1
	fromName      = "site.name"
)

// Record is what is kept of the decision.
type Record struct {
	SchemaVersion int    `json:"schemaVersion"`
	ID            string `json:"id"`
	// From says what the ID was made of: "site.name", a file's path, or "random".
	From string `json:"from"`
	// Own is the host's own ID while site.name rules, to go back to: a name may come with user-data that
	// is taken back.
	Own *Record `json:"own,omitempty"`
}

// Keep gives the host's ID, and keeps it on COS_OEM: site.name if the user-data names the host, what
// was kept before, or else what Derive finds below root. Without a directory to keep it in ("" or one
// that does not exist, as in a live system) it is decided anew each time.
func Keep(oemDir, root string, place v1alpha1.Place) (Record, error) {
	if _, err := os.Stat(oemDir); oemDir == "" || errors.Is(err, fs.ErrNotExist) {
		return decide(root, place, Record{}), nil
	}
	dir, err := durable.Open(oemDir)
	if err != nil {
		return Record{}, fmt.Errorf("keeping the host's ID: %w", err)
	}
	defer dir.Close()
	var kept Record
	if err := dir.ReadJSON(RecordFile, &kept); err != nil && !errors.Is(err, fs.ErrNotExist) {
		// Damaged: most IDs are found again from the hardware; a random one is lost, and told by its change.
		kept = Record{}
	}
	decided := decide(root, place, kept)
	if reflect.DeepEqual(decided, kept) {
		return kept, nil
	}
	if err := dir.WriteJSON(RecordFile, decided); err != nil {
		return decided, fmt.Errorf("keeping the host's ID: %w", err)
	}
	return decided, nil
}

// Read gives the ID that was kept; a zero Record if there is none.
func Read(oemDir string) (Record, error) {
	if _, err := os.Stat(oemDir); err != nil {
		return Record{}, nil // no COS_OEM, no record
	}
	dir, err := durable.Open(oemDir)
	if err != nil {
		return Record{}, fmt.Errorf("reading the host's ID: %w", err)
	}
	defer dir.Close()
	var kept Record
	if err := dir.ReadJSON(RecordFile, &kept); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Record{}, fmt.Errorf("reading the host's ID: %w", err)
	}
	return kept, nil
}

// decide applies the documented order: name, what was kept, the files, random.
func decide(root string, place v1alpha1.Place, kept Record) Record {
	switch {
	case place.Name != "" && place.Name != randomName:
		return named(bounded(place.Name), kept)
	case kept.From == fromName && kept.Own != nil:
		return *kept.Own
	case kept.ID != "" && kept.From != fromName:
		return kept
	}
	prefix := place.Prefix
	if prefix == "" {
		prefix = defaultPrefix
	}
	if place.Name != randomName {
		if text, from := Derive(root, place.DeviceUIDPaths); text != "" {
			return Record{SchemaVersion: schemaVersion, ID: bounded(prefix + "-" + text), From: from}
		}
	}
	return Record{SchemaVersion: schemaVersion, ID: bounded(prefix + "-" + newRandom()), From: "random"}
}

// named is the record of a host that the site names. Its own ID is remembered.
func named(id string, kept Record) Record {
	record := Record{SchemaVersion: schemaVersion, ID: id, From: fromName, Own: kept.Own}
	if kept.ID != "" && kept.From != fromName {
		record.Own = &kept
	}
	return record
}

// newRandom gives 26 letters and digits, 130 random bits.
func newRandom() string { return strings.ToLower(rand.Text()) }

// bounded takes out what must not be in an ID, and its end if it is too long.
func bounded(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r <= ' ' || r == 0x7f:
			return -1
		case strings.ContainsRune(forbidden, r):
			return '-'
		}
		return r
	}, text)
	for len(text) > maxID {
		text = text[:len(text)-1]
	}
	return strings.ToValidUTF8(text, "")
}
