package lifecycle

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stylet-edge/stylet/internal/base/durable"
	"github.com/stylet-edge/stylet/pkg/api/v1alpha1"
)

func openState(t testing.TB) *durable.Root {
	t.Helper()
	root, err := durable.Open(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, root.Close()) })
	return root
}

func TestJournalComesBackAsItWas(t *testing.T) {
	root := openState(t)
	j := onTrial(target("1.0.0"), target("2.0.0"), v1alpha1.SlotActive, Switch)
	require.NoError(t, SaveJournal(root, j))
	again, err := LoadJournal(root, time.Now())
	require.NoError(t, err)
	want, err := json.Marshal(j)
	require.NoError(t, err)
	got, err := json.Marshal(again)
	require.NoError(t, err)
	require.JSONEq(t, string(want), string(got))
}

func TestDamagedJournalIsKeptAside(t *testing.T) {
	root := openState(t)
	require.NoError(t, os.WriteFile(root.Path(JournalFile), []byte(`{"schemaVersion": 1, "pl`), 0o600))
	j, err := LoadJournal(root, time.Unix(7, 0))
	require.ErrorContains(t, err, JournalFile)
	require.Equal(t, Journal{SchemaVersion: JournalSchema}, j)
	kept, err := os.ReadFile(root.Path(JournalFile + ".damaged-7"))
	require.NoError(t, err, "nothing is lost")
	require.Contains(t, string(kept), `"pl`)
}

func TestHistorySurvivesATornLine(t *testing.T) {
	root := openState(t)
	log := NewEventLog(root)
	require.NoError(t, log.Append(v1alpha1.Event{Type: "one"}))
	f, err := root.OpenFile(eventFile, os.O_WRONLY|os.O_APPEND, 0)
	require.NoError(t, err)
	_, err = f.WriteString(`{"type":"torn`)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	require.NoError(t, log.Append(v1alpha1.Event{Type: "two"}, v1alpha1.Event{Type: "three"}))
	events, err := log.Read()
	require.NoError(t, err)
	require.Equal(t, []string{"one", "two", "three"}, types(events))
}

func TestHistoryIsBounded(t *testing.T) {
	root := openState(t)
	log := NewEventLog(root)
	long := string(make([]byte, 100<<10))
	for range 40 {
		require.NoError(t, log.Append(v1alpha1.Event{Type: "big", Message: long}))
	}
	require.NoError(t, log.Append(v1alpha1.Event{Type: "last"}))
	var total int64
	for _, name := range []string{eventFile, oldEventFile} {
		info, err := root.Stat(name)
		require.NoError(t, err)
		total += info.Size()
	}
	require.Less(t, total, int64(4<<20))
	events, err := log.Read()
	require.NoError(t, err)
	require.Equal(t, "last", events[len(events)-1].Type)
}

func FuzzEvents(f *testing.F) {
	f.Add([]byte("{\"type\":\"a\"}\n{\"ty"))
	f.Add([]byte("\n\n{}\n[]\nnull"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, e := range parseEvents(data) {
			require.NotEmpty(t, e.Type)
		}
	})
}

// FuzzJournal: whatever lies where the journal should be, the agent starts, and the pure parts
// take what was read without falling over.
func FuzzJournal(f *testing.F) {
	f.Add([]byte(`{"schemaVersion":1,"plan":{"id":"x","class":"image","steps":[{"action":"switch"}]},"step":0}`))
	f.Add([]byte(`{"trial":{"target":{}},"plan":{"class":"back"},"step":5}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		root := openState(t)
		require.NoError(t, os.WriteFile(root.Path(JournalFile), data, 0o600))
		j, _ := LoadJournal(root, time.Now())
		seen := Seen{Slot: v1alpha1.SlotActive, BootID: "x"}
		after, _ := Recover(j, seen, time.Now())
		Diff(after.Target, seen, after)
		BuildStatus(after, seen, v1alpha1.DesiredStatus{}, nil, time.Now())
	})
}
